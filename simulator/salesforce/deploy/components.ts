/** A custom field as the Metadata API's CustomField describes it; what is not said is absent. */
export type FieldSpec = {
  readonly fullName: string
  readonly label?: string | undefined
  readonly type?: string | undefined
  readonly length?: number | undefined
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  readonly visibleLines?: number | undefined
  readonly required?: boolean | undefined
  readonly unique?: boolean | undefined
  readonly externalId?: boolean | undefined
  readonly caseSensitive?: boolean | undefined
  readonly defaultValue?: string | undefined
  readonly formula?: string | undefined
  readonly displayFormat?: string | undefined
  readonly referenceTo?: string | undefined
  readonly relationshipName?: string | undefined
  readonly deleteConstraint?: string | undefined
  readonly valueSet?: ValueSetSpec | undefined
}

type ValueSetSpec = {
  readonly restricted: boolean
  readonly valueSetName?: string | undefined
  /** Absent when there is no definition. */
  readonly values?:
    | readonly { readonly fullName: string; readonly label: string; readonly isDefault: boolean }[]
    | undefined
}

export type ObjectSpec = {
  readonly fullName: string
  readonly label?: string | undefined
  readonly pluralLabel?: string | undefined
  readonly deploymentStatus?: string | undefined
  readonly sharingModel?: string | undefined
  readonly nameField?:
    | {
        readonly type?: string | undefined
        readonly label?: string | undefined
        readonly displayFormat?: string | undefined
      }
    | undefined
}

export type RuleSpec = {
  readonly fullName: string
  readonly active?: boolean | undefined
  readonly errorConditionFormula?: string | undefined
  readonly errorMessage?: string | undefined
  readonly errorDisplayField?: string | undefined
}

export type PermissionSetSpec = {
  readonly fullName: string
  readonly label?: string | undefined
  readonly objects: readonly {
    readonly object: string
    readonly allowCreate: boolean
    readonly allowRead: boolean
    readonly allowEdit: boolean
    readonly allowDelete: boolean
    readonly viewAllRecords: boolean
    readonly modifyAllRecords: boolean
  }[]
  readonly fields: readonly {
    readonly field: string
    readonly readable: boolean
    readonly editable: boolean
  }[]
}

/** What a deploy changes, with the file each part came from. */
export type Component =
  | { readonly kind: 'CustomObject'; readonly file: string; readonly spec: ObjectSpec }
  | {
      readonly kind: 'CustomField'
      readonly file: string
      readonly object: string
      readonly spec: FieldSpec
    }
  | {
      readonly kind: 'ValidationRule'
      readonly file: string
      readonly object: string
      readonly spec: RuleSpec
    }
  | { readonly kind: 'PermissionSet'; readonly file: string; readonly spec: PermissionSetSpec }

/** Why a component cannot be deployed. */
export type Failure = {
  readonly componentType: string
  readonly fullName: string
  readonly fileName: string
  readonly problem: string
}

export function failure(component: Component, problem: string): Failure {
  return {
    componentType: component.kind,
    fullName: fullNameOf(component),
    fileName: component.file,
    problem,
  }
}

export function fullNameOf(component: Component): string {
  const isPart = component.kind === 'CustomField' || component.kind === 'ValidationRule'
  return isPart ? `${component.object}.${component.spec.fullName}` : component.spec.fullName
}
