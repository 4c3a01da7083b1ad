import type { TechnicalConfiguration } from './catalog-model.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'

/** The technical configuration a subscription goes by: that of the preview if it was bought there. */
export function configurationOf(
  state: AzureState,
  subscription: Subscription,
): TechnicalConfiguration | undefined {
  const product = state.products.get(subscription.product)
  return subscription.isPreview ? product?.preview : product?.live
}
