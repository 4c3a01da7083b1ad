const list = (text: string) => text.trim().split(/\s+/)

/** Columns of the Seller Delivery Data Feeds, in order, without the four times every feed ends with. */
export const FEEDS: Readonly<Record<string, readonly string[]>> = {
  accountfeed: list(
    'account_id aws_account_id encrypted_account_id mailing_address_id tax_address_id tax_registration_number tax_legal_name catalog',
  ),
  addressfeed: list(
    'address_id aws_account_id email_domain company_name country_code state_or_region city postal_code address_line_1 address_line_2 address_line_3',
  ),
  agreementfeed: list(
    'agreement_id status status_reason_code estimated_agreement_value currency_code license_ids proposer_account_id acceptor_account_id offer_id offer_revision_at_acceptance offer_set_id start_time end_time acceptance_time intent preceding_agreement_id catalog',
  ),
  billingeventfeed: list(
    'billing_event_id from_account_id to_account_id end_user_account_id product_id action transaction_type parent_billing_event_id disbursement_billing_event_id amount currency disbursement_amount disbursement_currency balance_impacting invoice_date payment_due_date usage_period_start_date usage_period_end_date invoice_id billing_address_id transaction_reference_id buyer_transaction_reference_id bank_trace_id broker_id agreement_id offer_id disbursement_reference_number catalog buyer_invoice_id buyer_invoice_date invoice_variant action_date line_item_id buyer_line_item_id charge_variant charge_side recipient_account_id',
  ),
  dailyusagefeed: list(
    'usage_feed_id usage_date product_id agreement_id end_user_account_id payer_account_id region dimension_key usage_unit usage_quantity pricing_currency estimated_revenue_in_pricing_currency usage_rate_per_unit_in_pricing_currency charge_item_description offer_id recipient_account_id catalog',
  ),
  offerfeed: list(
    'offer_id offer_revision name expiration_date opportunity_id opportunity_name opportunity_description seller_account_id recipient_account_id catalog',
  ),
  offerproductfeed: list('offer_id offer_revision product_id catalog'),
  offertargetfeed: list('offer_target_id offer_id offer_revision target_type polarity value'),
  productfeed: list('product_id manufacturer_account_id product_code title catalog'),
}

/** The bi-temporal columns at the end of a feed; addresses also say until when they held. */
export function timeColumns(feed: string): readonly string[] {
  return feed === 'addressfeed'
    ? ['valid_from', 'valid_to', 'insert_date', 'update_date', 'delete_date']
    : ['valid_from', 'insert_date', 'update_date', 'delete_date']
}
