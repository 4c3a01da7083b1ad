import { deflateRawSync } from 'node:zlib'
import { Connection } from 'jsforce'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SimulatedOrg, startOrg, VERSION } from './salesforce-org.ts'

const XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
const OBJECTS = 'force-app/main/default/objects'
let org: SimulatedOrg
beforeEach(async () => {
  org = await startOrg()
})
afterEach(() => org.stop())

type File = { path: string; content: string }

const object = (body = ''): File => ({
  path: `${OBJECTS}/Deal__c/Deal__c.object-meta.xml`,
  content: `<?xml version="1.0" encoding="UTF-8"?>
<!-- a landing object -->
<CustomObject ${XMLNS}>
  <label>Deal</label><pluralLabel>Deals</pluralLabel>
  <nameField><type>Text</type><label>Deal Name</label></nameField>
  <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>${body}
</CustomObject>`,
})

const field = (name: string, body: string, owner = 'Deal__c'): File => ({
  path: `${OBJECTS}/${owner}/fields/${name}.field-meta.xml`,
  content: `<CustomField ${XMLNS}><fullName>${name}</fullName><label>${name}</label>${body}</CustomField>`,
})

const set = (body: string): File => ({
  path: 'force-app/main/default/permissionsets/Sync.permissionset-meta.xml',
  content: `<PermissionSet ${XMLNS}><label>Sync</label>${body}</PermissionSet>`,
})

const reads = (name: string) =>
  `<objectPermissions><allowCreate>true</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>${name}</object><viewAllRecords>true</viewAllRecords></objectPermissions>`
const grants = (name: string, editable = true) =>
  `<fieldPermissions><editable>${editable}</editable><field>${name}</field><readable>true</readable></fieldPermissions>`

const KEY = field('Key__c', '<type>Text</type><length>80</length><externalId>true</externalId>')
const LINK = field(
  'Opportunity__c',
  '<type>Lookup</type><referenceTo>Opportunity</referenceTo><relationshipName>Deals</relationshipName><deleteConstraint>SetNull</deleteConstraint>',
)
const STATUS = field(
  'Status__c',
  '<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted><value><fullName>In &amp; out</fullName><default>true</default><label>In</label></value></valueSetDefinition></valueSet>',
)
const RULE: File = {
  path: `${OBJECTS}/Deal__c/validationRules/Key_Kept.validationRule-meta.xml`,
  content: `<ValidationRule ${XMLNS}><fullName>Key_Kept</fullName><active>true</active><errorConditionFormula>ISCHANGED(Key__c)</errorConditionFormula><errorDisplayField>Key__c</errorDisplayField><errorMessage>The key stays</errorMessage></ValidationRule>`,
}
const PACKAGE = [
  set(reads('Deal__c') + grants('Deal__c.Key__c')),
  RULE,
  KEY,
  LINK,
  STATUS,
  object(),
]

const install = (files: File[], more: object = {}) =>
  org.control('POST', 'install', { files, ...more })

describe('a package of source files', () => {
  it('installs whatever the order of its files, and leaves the rest alone', async () => {
    const tab = {
      path: 'force-app/main/default/tabs/Deal__c.tab-meta.xml',
      content: '<CustomTab/>',
    }
    const result = await install([...PACKAGE, tab], { assign: ['Sync'] })
    expect(result).toMatchObject({ status: 200, success: true, ignored: [tab.path] })
    const conn = await org.connect()
    const made = await conn.sobject('Deal__c').create({ Key__c: 'k' })
    const seen = await conn.sobject('Deal__c').retrieve(made.id!)
    expect(seen).toMatchObject({ Key__c: 'k', Name: made.id })
    expect(seen).not.toHaveProperty('Status__c')
    const { rows } = await org.control('GET', 'rows?object=Deal__c')
    expect(rows).toMatchObject([{ Status__c: 'In & out' }])
    await expect(
      conn.sobject('Deal__c').update({ Id: made.id!, Key__c: 'l' }),
    ).rejects.toMatchObject({
      errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      message: 'The key stays',
    })
    expect(await install(PACKAGE)).toMatchObject({ success: true })
    expect((await conn.query('SELECT Id FROM Deal__c')).totalSize).toBe(1)
  })

  it('grants nothing before it is assigned', async () => {
    await install(PACKAGE)
    const conn = await org.connect()
    await expect(conn.query('SELECT Id FROM Deal__c')).rejects.toMatchObject({
      errorCode: 'INVALID_TYPE',
    })
    expect(await org.control('POST', 'assign', { permissionSet: 'Sync' })).toMatchObject({
      status: 200,
    })
    expect((await conn.query('SELECT Id, Key__c FROM Deal__c')).totalSize).toBe(0)
    const soql = 'SELECT PermissionSet.Name FROM PermissionSetAssignment ORDER BY Id DESC LIMIT 1'
    const { records } = await conn.query<any>(soql)
    expect(records).toMatchObject([{ PermissionSet: { Name: 'Sync' } }])
  })

  it('is only looked at when checkOnly is asked', async () => {
    expect(await install(PACKAGE, { checkOnly: true })).toMatchObject({ success: true })
    const { objects } = await org.control('GET', '')
    expect(objects.map(({ name }: any) => name)).not.toContain('Deal__c')
  })

  it.each([
    [[object('<oops')], 'Error parsing file'],
    [
      [{ ...object(), content: object().content.replace(/<sharingModel>.*?<.sharingModel>/, '') }],
      'sharingModel',
    ],
    [
      [{ ...KEY, path: KEY.path.replace('Key__c', 'Kee__c') }, object()],
      'does not match the file name',
    ],
    [
      [field('Note__c', '<type>TextArea</type><length>255</length>'), object()],
      "Can not specify 'length'",
    ],
    [
      [field('Note__c', '<type>LongTextArea</type><length>4096</length>'), object()],
      'visibleLines',
    ],
    [
      [field('N__c', '<type>Number</type><precision>19</precision><scale>2</scale>'), object()],
      'at most 18',
    ],
    [
      [field('N__c', '<type>Number</type><precision>2</precision><scale>3</scale>'), object()],
      'Scale must not',
    ],
    [[field('On__c', '<type>Checkbox</type>'), object()], "Must specify 'defaultValue'"],
    [
      [field('At__c', '<type>DateTime</type><externalId>true</externalId>'), object()],
      'can not be an external id',
    ],
    [[field('P__c', '<type>Picklist</type>'), object()], "Must specify 'valueSet'"],
    [
      [field('L__c', '<type>Lookup</type><referenceTo>Account</referenceTo>'), object()],
      'deleteConstraint',
    ],
    [
      [
        field(
          'L__c',
          '<type>Lookup</type><referenceTo>Gone__c</referenceTo><deleteConstraint>SetNull</deleteConstraint>',
        ),
        object(),
      ],
      'does not resolve to a valid sObject',
    ],
    [
      [
        field(
          'M__c',
          '<type>MasterDetail</type><referenceTo>Account</referenceTo><relationshipName>Ms</relationshipName><required>true</required>',
        ),
        object(),
      ],
      "Can not specify 'required'",
    ],
    [[field('T__c', '<type>Txt</type>'), object()], "not a valid value for the enum 'FieldType'"],
    [
      [field('T__c', '<type>Date</type><colour>red</colour>'), object()],
      'colour invalid at this location',
    ],
    [
      [
        field(
          'F__c',
          '<type>Currency</type><precision>18</precision><scale>2</scale><formula>Nope__c + 1</formula>',
        ),
        object(),
      ],
      'Field Nope__c does not exist',
    ],
    [
      [field('F__c', '<type>Text</type><formula>F__c</formula>'), object()],
      'Formula of Deal__c.F__c refers to itself',
    ],
    [[KEY], 'Deal__c'],
    [
      [
        LINK,
        {
          ...LINK,
          path: LINK.path.replace('Opportunity__c', 'Other__c'),
          content: LINK.content.replace('<fullName>Opportunity__c', '<fullName>Other__c'),
        },
        object(),
      ],
      'already a Child Relationship named Deals',
    ],
    [
      [set(reads('Deal__c') + grants('Deal__c.Gone__c')), object()],
      'no CustomField named Deal__c.Gone__c',
    ],
    [
      [set(reads('Deal__c') + grants('Deal__c.Name')), object()],
      'You cannot deploy to a required field: Deal__c.Name',
    ],
    [
      [set(reads('Account') + reads('Opportunity') + grants('Opportunity.StageName'))],
      'required field: Opportunity.StageName',
    ],
    [
      [set(reads('Opportunity'))],
      'Permission Read Opportunity depends on permission(s): Read Account',
    ],
    [[set(grants('Deal__c.Key__c')), KEY, object()], 'depends on permission(s): Read Deal__c'],
    [
      [
        set(reads('Deal__c') + grants('Deal__c.F__c')),
        field('F__c', '<type>Text</type><formula>Name</formula>'),
        object(),
      ],
      'not editable',
    ],
  ])('is refused whole: case %#', async (files, problem) => {
    const result = await install(files as File[])
    expect(result).toMatchObject({ status: 422, success: false })
    expect(result.componentFailures.map((each: any) => each.problem)).toContainEqual(
      expect.stringContaining(problem),
    )
    const { objects } = await org.control('GET', '')
    expect(objects.map(({ name }: any) => name)).not.toContain('Deal__c')
  })

  it('says which formulas deploy but are not computed here', async () => {
    const formula = field('F__c', '<type>Text</type><formula>UPPER(Name)</formula>')
    expect(await install([formula, object()])).toMatchObject({ notSimulated: ['Deal__c.F__c'] })
  })
})

describe('a zip over the Metadata REST API', () => {
  const PACKED: File = {
    path: 'objects/Deal__c.object',
    content: object(
      `<fields><fullName>Key__c</fullName><label>Key</label><type>Text</type><length>9</length></fields>`,
    ).content,
  }
  const admin = async () => {
    await org.control('POST', 'app', { runAsUser: 'admin@acme.example' })
    return org.connect()
  }

  it('is deployed by an administrator, and reported when asked about', async () => {
    const conn = await admin()
    const zip = pack([PACKED, { path: 'package.xml', content: '<Package/>' }])
    const options = { rollbackOnError: true, singlePackage: true }
    const { id } = await conn.metadata.deployRest(zip, { ...options, checkOnly: true })
    expect(await conn.metadata.checkDeployStatus(id!, true, true)).toMatchObject({
      status: 'Succeeded',
    })
    await expect(conn.sobject('Deal__c').describe()).rejects.toThrow()
    const second = await conn.metadata.deployRest(zip, options)
    expect(await conn.metadata.checkDeployStatus(second.id!, true, true)).toMatchObject({
      done: true,
      success: true,
      numberComponentsDeployed: 2,
    })
    // Administrators see the object, and not the field nobody granted.
    const { fields } = await conn.sobject('Deal__c').describe()
    expect(fields.map(({ name }) => name)).not.toContain('Key__c')
  })

  it('reports what failed, and is not for the integration user', async () => {
    const broken = { ...PACKED, content: PACKED.content.replace('<length>9</length>', '') }
    const conn = await admin()
    const { id } = await conn.metadata.deployRest(pack([broken]), {})
    const status = await conn.metadata.checkDeployStatus(id!, true, true)
    expect(status).toMatchObject({
      status: 'Failed',
      details: {
        componentFailures: [{ componentType: 'CustomField', fullName: 'Deal__c.Key__c' }],
      },
    })
    await org.control('POST', 'app', { runAsUser: 'integration@acme.example' })
    const other = await org.connect()
    await expect(other.metadata.deployRest(pack([PACKED]), {})).rejects.toThrow('level of access')
    const plain = new Connection({ version: VERSION, instanceUrl: org.url, accessToken: 'x' })
    await expect(plain.metadata.deployRest(pack([PACKED]), {})).rejects.toThrow()
  })
})

/** A zip with a deflated entry for each file. */
function pack(files: File[]): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const { path, content } of files) {
    const name = Buffer.from(path)
    const data = deflateRawSync(Buffer.from(content))
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(Buffer.byteLength(content), 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    const made = Buffer.from([20, 0])
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), made, common, place, name]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
