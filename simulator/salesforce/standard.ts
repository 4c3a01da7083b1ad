import { type Field, field, type PicklistValue, type SObject } from './schema.ts'

/** Stages of a new org with their probability in percent, and whether they close or win the deal. */
const STAGES: Readonly<Record<string, readonly [number, 'open' | 'won' | 'lost']>> = {
  Prospecting: [10, 'open'],
  Qualification: [10, 'open'],
  'Needs Analysis': [20, 'open'],
  'Value Proposition': [50, 'open'],
  'Id. Decision Makers': [60, 'open'],
  'Perception Analysis': [70, 'open'],
  'Proposal/Price Quote': [75, 'open'],
  'Negotiation/Review': [90, 'open'],
  'Closed Won': [100, 'won'],
  'Closed Lost': [0, 'lost'],
}

/** Probability and outcome of a stage; a value somebody added to the list is open at 0 percent. */
export function stageOf(name: string): readonly [number, 'open' | 'won' | 'lost'] {
  return (Object.hasOwn(STAGES, name) ? STAGES[name] : undefined) ?? [0, 'open']
}

/** The objects every org has, cut to the fields a marketplace integration meets (Object Reference for the Salesforce Platform). */
export function standardObjects(): SObject[] {
  return [
    standard('Account', 'Accounts', '001', accountFields()),
    standard('Opportunity', 'Opportunities', '006', opportunityFields()),
    standard('Contact', 'Contacts', '003', contactFields()),
    standard('Lead', 'Leads', '00Q', leadFields()),
    { ...standard('User', 'Users', '005', userFields()), writable: false },
    { ...standard('Organization', 'Organizations', '00D', organizationFields()), writable: false },
    {
      ...standard('PermissionSet', 'Permission Sets', '0PS', [
        text('Name', 'Permission Set Name', 80, required),
        text('Label', 'Permission Set Label', 80, required),
      ]),
      writable: false,
    },
    standard('PermissionSetAssignment', 'Permission Set Assignments', '0Pa', [
      parent('AssigneeId', 'Assignee ID', 'User', 'Assignee', { ...required, updateable: false }),
      parent('PermissionSetId', 'Permission Set ID', 'PermissionSet', 'PermissionSet', {
        ...required,
        updateable: false,
        childRelationship: 'Assignments',
      }),
    ]),
  ]
}

function standard(name: string, labelPlural: string, keyPrefix: string, own: Field[]): SObject {
  return {
    name,
    label: name,
    labelPlural,
    keyPrefix,
    custom: false,
    sharingModel: 'ReadWrite',
    writable: true,
    fields: [...systemFields(name), ...own],
    validationRules: [],
  }
}

const readOnly = {
  nillable: false,
  createable: false,
  updateable: false,
  defaulted: true,
  permissionable: false,
} as const
const required = { nillable: false, permissionable: false } as const

/** The fields the platform itself keeps on every row. */
export function systemFields(label: string): Field[] {
  const person = (name: string, relationship: string, title: string) =>
    parent(name, title, 'User', relationship, readOnly)
  return [
    field('Id', 'id', `${label} ID`, { ...readOnly, length: 18, idLookup: true }),
    field('IsDeleted', 'boolean', 'Deleted', readOnly),
    field('CreatedDate', 'datetime', 'Created Date', readOnly),
    person('CreatedById', 'CreatedBy', 'Created By ID'),
    field('LastModifiedDate', 'datetime', 'Last Modified Date', readOnly),
    person('LastModifiedById', 'LastModifiedBy', 'Last Modified By ID'),
    field('SystemModstamp', 'datetime', 'System Modstamp', readOnly),
  ]
}

/** The owner field of standard objects and of custom objects without a master. */
export function ownerField(): Field {
  return parent('OwnerId', 'Owner ID', 'User', 'Owner', {
    nillable: false,
    defaulted: true,
    permissionable: false,
  })
}

function accountFields(): Field[] {
  return [
    text('Name', 'Account Name', 255, { ...required, isName: true }),
    choice('Type', 'Account Type', [
      'Prospect',
      'Customer - Direct',
      'Customer - Channel',
      'Other',
    ]),
    parent('ParentId', 'Parent Account ID', 'Account', 'Parent', {
      childRelationship: 'ChildAccounts',
    }),
    field('BillingStreet', 'textarea', 'Billing Street', { length: 255 }),
    text('BillingCity', 'Billing City', 40),
    text('BillingState', 'Billing State/Province', 80),
    text('BillingPostalCode', 'Billing Zip/Postal Code', 20),
    text('BillingCountry', 'Billing Country', 80),
    field('Phone', 'phone', 'Account Phone', { length: 40 }),
    field('Website', 'url', 'Website', { length: 255 }),
    choice('Industry', 'Industry', ['Banking', 'Healthcare', 'Technology', 'Retail', 'Other']),
    field('AnnualRevenue', 'currency', 'Annual Revenue', { precision: 18 }),
    field('NumberOfEmployees', 'int', 'Employees', { digits: 8 }),
    field('Description', 'textarea', 'Account Description', { length: 32000, filterable: false }),
    text('DunsNumber', 'D-U-N-S Number', 9),
    ownerField(),
  ]
}

function opportunityFields(): Field[] {
  return [
    parent('AccountId', 'Account ID', 'Account', 'Account', {
      childRelationship: 'Opportunities',
      onParentDelete: 'cascade',
    }),
    text('Name', 'Name', 120, { ...required, isName: true }),
    field('Description', 'textarea', 'Description', { length: 32000, filterable: false }),
    { ...choice('StageName', 'Stage', Object.keys(STAGES)), ...required },
    field('Amount', 'currency', 'Amount', { precision: 18, scale: 2 }),
    field('Probability', 'percent', 'Probability (%)', { precision: 3, defaulted: true }),
    field('CloseDate', 'date', 'Close Date', required),
    choice('Type', 'Opportunity Type', [
      'Existing Customer - Upgrade',
      'Existing Customer - Replacement',
      'Existing Customer - Downgrade',
      'New Customer',
    ]),
    text('NextStep', 'Next Step', 255),
    choice('LeadSource', 'Lead Source', ['Web', 'Phone Inquiry', 'Partner Referral', 'Other']),
    field('IsClosed', 'boolean', 'Closed', readOnly),
    field('IsWon', 'boolean', 'Won', readOnly),
    ownerField(),
  ]
}

function contactFields(): Field[] {
  return [
    parent('AccountId', 'Account ID', 'Account', 'Account', {
      childRelationship: 'Contacts',
      onParentDelete: 'cascade',
    }),
    text('FirstName', 'First Name', 40),
    text('LastName', 'Last Name', 80, required),
    text('Name', 'Full Name', 121, { ...readOnly, isName: true }),
    field('Email', 'email', 'Email', { length: 80, idLookup: true }),
    field('Phone', 'phone', 'Business Phone', { length: 40 }),
    text('Title', 'Title', 128),
    ownerField(),
  ]
}

function leadFields(): Field[] {
  return [
    text('FirstName', 'First Name', 40),
    text('LastName', 'Last Name', 80, required),
    text('Name', 'Full Name', 121, { ...readOnly, isName: true }),
    text('Company', 'Company', 255, required),
    field('Email', 'email', 'Email', { length: 80, idLookup: true }),
    {
      ...choice('Status', 'Lead Status', ['Open - Not Contacted', 'Working - Contacted', 'Closed']),
      ...required,
      defaulted: true,
      defaultValue: 'Open - Not Contacted',
    },
    ownerField(),
  ]
}

function userFields(): Field[] {
  return [
    text('Username', 'Username', 80, { ...required, idLookup: true }),
    text('FirstName', 'First Name', 40),
    text('LastName', 'Last Name', 80, required),
    text('Name', 'Full Name', 121, { ...readOnly, isName: true }),
    field('Email', 'email', 'Email', { length: 128, ...required }),
    field('IsActive', 'boolean', 'Active', { ...required, defaulted: true }),
  ]
}

function organizationFields(): Field[] {
  return [
    text('Name', 'Name', 80, { ...readOnly, isName: true }),
    text('OrganizationType', 'Edition', 40, readOnly),
    field('IsSandbox', 'boolean', 'Is Sandbox', readOnly),
    text('InstanceName', 'Instance Name', 5, readOnly),
  ]
}

function text(name: string, label: string, length: number, more: Partial<Field> = {}): Field {
  return field(name, 'string', label, { length, ...more })
}

function choice(name: string, label: string, values: readonly string[]): Field {
  return field(name, 'picklist', label, { length: 255, values: picklist(values) })
}

function parent(
  name: string,
  label: string,
  to: string,
  relationshipName: string,
  more: Partial<Field> = {},
): Field {
  return field(name, 'reference', label, {
    length: 18,
    referenceTo: [to],
    relationshipName,
    ...more,
  })
}

function picklist(values: readonly string[]): PicklistValue[] {
  return values.map((value) => ({ value, label: value, isDefault: false }))
}
