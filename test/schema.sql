agreement_invoices
  connection text not null
  agreement_ref text not null
  invoice_ref text not null
  agreement text not null
  is_credit boolean not null
  month date not null
  issued_at timestamp with time zone not null
  amount numeric(38,12) not null
  currency text not null
  native jsonb not null
  read_at timestamp with time zone not null
  constraint agreement_invoices_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint agreement_invoices_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint agreement_invoices_pkey PRIMARY KEY (connection, agreement_ref, invoice_ref)
  CREATE INDEX agreement_invoices_page ON public.agreement_invoices USING btree (agreement, issued_at, invoice_ref)
  CREATE UNIQUE INDEX agreement_invoices_pkey ON public.agreement_invoices USING btree (connection, agreement_ref, invoice_ref)

agreement_operations
  id text not null
  agreement text not null
  kind text not null
  wanted jsonb not null
  state_is text not null
  operation_ref text
  reasons jsonb
  problem jsonb
  attempts integer not null default 0
  due_at timestamp with time zone not null
  revision integer not null default 1
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  settled_at timestamp with time zone
  constraint agreement_operations_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint agreement_operations_check CHECK (((state_is = ANY (ARRAY['done'::text, 'refused'::text])) = (settled_at IS NOT NULL)))
  constraint agreement_operations_check1 CHECK (((state_is = 'refused'::text) = (reasons IS NOT NULL)))
  constraint agreement_operations_kind_check CHECK ((kind = ANY (ARRAY['activate'::text, 'change_plan'::text, 'change_quantity'::text, 'cancel'::text, 'reject'::text, 'approve_change'::text, 'reject_change'::text, 'message'::text])))
  constraint agreement_operations_pkey PRIMARY KEY (id)
  constraint agreement_operations_state_is_check CHECK ((state_is = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'refused'::text])))
  CREATE INDEX agreement_operations_page ON public.agreement_operations USING btree (agreement, created_at, id)
  CREATE UNIQUE INDEX agreement_operations_pkey ON public.agreement_operations USING btree (id)
  CREATE UNIQUE INDEX agreement_operations_under_way ON public.agreement_operations USING btree (agreement, kind) WHERE (state_is = ANY (ARRAY['waiting'::text, 'running'::text]))

agreement_versions
  agreement text not null
  version integer not null
  valid_from timestamp with time zone not null
  recorded_at timestamp with time zone not null
  content jsonb not null
  constraint agreement_versions_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint agreement_versions_pkey PRIMARY KEY (agreement, version)
  constraint agreement_versions_version_check CHECK ((version > 0))
  CREATE INDEX agreement_versions_offer ON public.agreement_versions USING btree (((content ->> 'offerRef'::text))) WHERE ((content ->> 'offerRef'::text) IS NOT NULL)
  CREATE UNIQUE INDEX agreement_versions_pkey ON public.agreement_versions USING btree (agreement, version)

agreements
  id text not null
  connection text not null
  agreement_ref text not null
  initial_ref text not null
  offer_ref text
  listing_ref text
  buyer_ref text not null
  license_refs text[] not null
  offer text
  listing text
  buyer text
  state_is text not null
  remote jsonb not null
  changed_at timestamp with time zone not null
  ended_at timestamp with time zone
  registered_at timestamp with time zone
  revision integer not null default 1
  read_at timestamp with time zone not null
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  fingerprint text
  awaits text
  reminders integer not null default 0
  decided text
  missed integer not null default 0
  constraint agreements_awaits_check CHECK ((awaits = ANY (ARRAY['activation'::text, 'approval'::text, 'change'::text])))
  constraint agreements_buyer_fkey FOREIGN KEY (buyer) REFERENCES buyers(id)
  constraint agreements_connection_agreement_ref_key UNIQUE (connection, agreement_ref)
  constraint agreements_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint agreements_listing_fkey FOREIGN KEY (listing) REFERENCES listings(id)
  constraint agreements_offer_fkey FOREIGN KEY (offer) REFERENCES offers(id)
  constraint agreements_pkey PRIMARY KEY (id)
  constraint agreements_state_is_check CHECK ((state_is = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'cancelling'::text, 'ended'::text, 'unknown'::text])))
  CREATE INDEX agreements_account ON public.agreements USING btree (connection, buyer_ref)
  CREATE INDEX agreements_awaits ON public.agreements USING btree (awaits, created_at, id) WHERE (awaits IS NOT NULL)
  CREATE INDEX agreements_chain ON public.agreements USING btree (initial_ref)
  CREATE INDEX agreements_changed ON public.agreements USING btree (updated_at, id)
  CREATE UNIQUE INDEX agreements_connection_agreement_ref_key ON public.agreements USING btree (connection, agreement_ref)
  CREATE INDEX agreements_in_order ON public.agreements USING btree (id COLLATE "C")
  CREATE INDEX agreements_license ON public.agreements USING gin (license_refs)
  CREATE INDEX agreements_page ON public.agreements USING btree (created_at, id)
  CREATE UNIQUE INDEX agreements_pkey ON public.agreements USING btree (id)
  CREATE INDEX agreements_ref ON public.agreements USING btree (agreement_ref)

api_keys
  id text not null
  name text not null
  role text not null
  hash text not null
  created_at timestamp with time zone not null
  revoked_at timestamp with time zone
  constraint api_keys_hash_key UNIQUE (hash)
  constraint api_keys_pkey PRIMARY KEY (id)
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'deal_desk'::text, 'finance'::text, 'sales'::text, 'meter'::text, 'viewer'::text])))
  CREATE UNIQUE INDEX api_keys_hash_key ON public.api_keys USING btree (hash)
  CREATE UNIQUE INDEX api_keys_pkey ON public.api_keys USING btree (id)

backfill_rows
  backfill text not null
  agreement text not null
  dimension text not null
  hour timestamp with time zone not null
  before numeric(38,12) not null
  after numeric(38,12) not null
  fate jsonb not null
  constraint backfill_rows_backfill_fkey FOREIGN KEY (backfill) REFERENCES backfills(id)
  constraint backfill_rows_pkey PRIMARY KEY (backfill, agreement, dimension, hour)
  CREATE UNIQUE INDEX backfill_rows_pkey ON public.backfill_rows USING btree (backfill, agreement, dimension, hour)

backfills
  id text not null
  asked jsonb not null
  is_dry boolean not null
  state jsonb not null
  state_is text not null
  cursor text
  counts jsonb not null
  actor jsonb not null
  revision integer not null
  created_at timestamp with time zone not null
  finished_at timestamp with time zone
  constraint backfills_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX backfills_pkey ON public.backfills USING btree (id)

buyer_accounts
  provider text not null
  ref text not null
  buyer text not null
  position integer not null
  constraint buyer_accounts_buyer_fkey FOREIGN KEY (buyer) REFERENCES buyers(id)
  constraint buyer_accounts_pkey PRIMARY KEY (provider, ref)
  CREATE INDEX buyer_accounts_buyer ON public.buyer_accounts USING btree (buyer)
  CREATE UNIQUE INDEX buyer_accounts_pkey ON public.buyer_accounts USING btree (provider, ref)

buyers
  id text not null
  name text not null
  crm_account text
  revision integer not null default 1
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint buyers_pkey PRIMARY KEY (id)
  CREATE INDEX buyers_page ON public.buyers USING btree (created_at, id)
  CREATE UNIQUE INDEX buyers_pkey ON public.buyers USING btree (id)

commitment_versions
  commitment text not null
  version integer not null
  valid_from date not null
  known_from date not null
  recorded_at timestamp with time zone not null
  terms jsonb not null
  constraint commitment_versions_commitment_fkey FOREIGN KEY (commitment) REFERENCES commitments(id)
  constraint commitment_versions_pkey PRIMARY KEY (commitment, version)
  constraint commitment_versions_version_check CHECK ((version > 0))
  CREATE UNIQUE INDEX commitment_versions_pkey ON public.commitment_versions USING btree (commitment, version)

commitments
  id text not null
  buyer text not null
  provider text not null
  currency character(3) not null
  revision integer not null default 1
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint commitments_buyer_fkey FOREIGN KEY (buyer) REFERENCES buyers(id)
  constraint commitments_pkey PRIMARY KEY (id)
  CREATE INDEX commitments_buyer ON public.commitments USING btree (buyer, provider)
  CREATE INDEX commitments_page ON public.commitments USING btree (created_at, id)
  CREATE UNIQUE INDEX commitments_pkey ON public.commitments USING btree (id)

connections
  id text not null
  provider text not null
  name text not null
  settings jsonb not null
  sealed text not null
  secrets text not null
  sign_up_url text
  checked jsonb
  revision integer not null default 1
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  deleted_at timestamp with time zone
  kept text
  constraint connections_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX connections_name ON public.connections USING btree (name) WHERE (deleted_at IS NULL)
  CREATE UNIQUE INDEX connections_pkey ON public.connections USING btree (id)

contract_books
  agreement text not null
  connection text not null
  version integer not null
  dimensions text[] not null
  state jsonb not null
  next_at timestamp with time zone
  updated_at timestamp with time zone not null
  constraint contract_books_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint contract_books_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint contract_books_pkey PRIMARY KEY (agreement)
  CREATE INDEX contract_books_next ON public.contract_books USING btree (connection, next_at) WHERE (next_at IS NOT NULL)
  CREATE UNIQUE INDEX contract_books_pkey ON public.contract_books USING btree (agreement)

contract_ratings
  record text not null
  agreement text not null
  dimension text not null
  hour timestamp with time zone not null
  quantity numeric(38,12) not null
  rating jsonb not null
  rated_at timestamp with time zone not null
  constraint contract_ratings_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint contract_ratings_pkey PRIMARY KEY (record)
  constraint contract_ratings_record_fkey FOREIGN KEY (record) REFERENCES usage_records(id)
  CREATE INDEX contract_ratings_hour ON public.contract_ratings USING btree (agreement, hour)
  CREATE UNIQUE INDEX contract_ratings_pkey ON public.contract_ratings USING btree (record)

contract_versions
  contract text not null
  version integer not null
  from_at timestamp with time zone not null
  terms jsonb not null
  actor jsonb not null
  recorded_at timestamp with time zone not null
  constraint contract_versions_contract_fkey FOREIGN KEY (contract) REFERENCES contracts(id)
  constraint contract_versions_pkey PRIMARY KEY (contract, version)
  CREATE UNIQUE INDEX contract_versions_pkey ON public.contract_versions USING btree (contract, version)

contracts
  id text not null
  agreement text not null
  currency character(3) not null
  revision integer not null
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint contracts_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint contracts_agreement_key UNIQUE (agreement)
  constraint contracts_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX contracts_agreement_key ON public.contracts USING btree (agreement)
  CREATE UNIQUE INDEX contracts_pkey ON public.contracts USING btree (id)

crm_mirrors
  connection text not null
  organisation text
  state jsonb not null
  state_is text not null
  until timestamp with time zone
  checked_at timestamp with time zone
  saved_at timestamp with time zone
  budget jsonb
  constraint crm_mirrors_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint crm_mirrors_pkey PRIMARY KEY (connection)
  constraint crm_mirrors_state_is_check CHECK ((state_is = ANY (ARRAY['unchecked'::text, 'ready'::text, 'missing'::text, 'waiting'::text, 'moved'::text])))
  CREATE UNIQUE INDEX crm_mirrors_pkey ON public.crm_mirrors USING btree (connection)

crm_rows
  id text not null
  connection text not null
  kind text not null
  key text not null
  rank timestamp with time zone not null
  content jsonb not null
  hash text not null default md5(((((content #- '{fields,changedAt}'::text[]) #- '{fields,drawnAsOf}'::text[]) #- '{fields,asOf}'::text[]))::text)
  state_is text not null
  attempts integer not null default 0
  due_at timestamp with time zone
  problem text
  crm_ref text
  told jsonb not null default '{}'::jsonb
  sent_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint crm_rows_check CHECK (((due_at IS NULL) = (state_is = ANY (ARRAY['clean'::text, 'refused'::text]))))
  constraint crm_rows_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint crm_rows_connection_kind_key_key UNIQUE (connection, kind, key)
  constraint crm_rows_kind_check CHECK ((kind = ANY (ARRAY['offer'::text, 'agreement'::text, 'commitment'::text, 'opportunity'::text])))
  constraint crm_rows_pkey PRIMARY KEY (id)
  constraint crm_rows_state_is_check CHECK ((state_is = ANY (ARRAY['due'::text, 'waiting'::text, 'sending'::text, 'clean'::text, 'refused'::text])))
  CREATE UNIQUE INDEX crm_rows_connection_kind_key_key ON public.crm_rows USING btree (connection, kind, key)
  CREATE INDEX crm_rows_due ON public.crm_rows USING btree (connection, kind, due_at) WHERE (due_at IS NOT NULL)
  CREATE INDEX crm_rows_page ON public.crm_rows USING btree (created_at, id)
  CREATE UNIQUE INDEX crm_rows_pkey ON public.crm_rows USING btree (id)
  CREATE INDEX crm_rows_state ON public.crm_rows USING btree (connection, state_is)

documents
  id text not null
  name text not null
  url text not null
  created_at timestamp with time zone not null
  constraint documents_pkey PRIMARY KEY (id)
  CREATE INDEX documents_page ON public.documents USING btree (created_at, id)
  CREATE UNIQUE INDEX documents_pkey ON public.documents USING btree (id)

events
  seq bigint not null generated always as identity
  txid xid8 not null default pg_current_xact_id()
  id text not null
  at timestamp with time zone not null
  kind text not null
  subject text not null
  actor jsonb not null
  request_id text
  data jsonb not null
  constraint events_id_key UNIQUE (id)
  constraint events_pkey PRIMARY KEY (seq)
  CREATE UNIQUE INDEX events_id_key ON public.events USING btree (id)
  CREATE INDEX events_order ON public.events USING btree (txid, seq)
  CREATE UNIQUE INDEX events_pkey ON public.events USING btree (seq)
  CREATE INDEX events_subject ON public.events USING btree (subject, seq)

idempotency
  key_id text not null
  key text not null
  request_hash text not null
  status integer
  body text
  created_at timestamp with time zone not null
  constraint idempotency_pkey PRIMARY KEY (key_id, key)
  CREATE INDEX idempotency_age ON public.idempotency USING btree (created_at)
  CREATE UNIQUE INDEX idempotency_pkey ON public.idempotency USING btree (key_id, key)

license_ends
  connection text not null
  license_ref text not null
  ended_at timestamp with time zone not null
  recorded_at timestamp with time zone not null
  constraint license_ends_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint license_ends_pkey PRIMARY KEY (connection, license_ref)
  CREATE UNIQUE INDEX license_ends_pkey ON public.license_ends USING btree (connection, license_ref)

listings
  id text not null
  connection text not null
  listing_ref text not null
  name text not null
  kind text not null
  visibility text not null
  metering_ref text
  dimensions jsonb not null
  plans jsonb not null
  removed jsonb not null
  modified_at timestamp with time zone not null
  native jsonb not null
  facts jsonb not null
  revision integer not null default 1
  read_at timestamp with time zone not null
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint listings_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint listings_connection_listing_ref_key UNIQUE (connection, listing_ref)
  constraint listings_kind_check CHECK ((kind = ANY (ARRAY['saas'::text, 'other'::text])))
  constraint listings_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX listings_connection_listing_ref_key ON public.listings USING btree (connection, listing_ref)
  CREATE INDEX listings_metering ON public.listings USING btree (connection, metering_ref)
  CREATE INDEX listings_page ON public.listings USING btree (created_at, id)
  CREATE UNIQUE INDEX listings_pkey ON public.listings USING btree (id)

meta
  name text not null
  value text not null
  constraint meta_pkey PRIMARY KEY (name)
  CREATE UNIQUE INDEX meta_pkey ON public.meta USING btree (name)

meter_hours
  meter text not null
  agreement text not null
  hour timestamp with time zone not null
  version integer not null
  value numeric
  at timestamp with time zone
  source text
  event text
  constraint meter_hours_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint meter_hours_meter_fkey FOREIGN KEY (meter) REFERENCES meters(id)
  constraint meter_hours_pkey PRIMARY KEY (meter, agreement, hour)
  CREATE UNIQUE INDEX meter_hours_pkey ON public.meter_hours USING btree (meter, agreement, hour)

meter_uniques
  meter text not null
  agreement text not null
  hour timestamp with time zone not null
  value text not null
  events integer not null
  constraint meter_uniques_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint meter_uniques_meter_fkey FOREIGN KEY (meter) REFERENCES meters(id)
  constraint meter_uniques_pkey PRIMARY KEY (meter, agreement, hour, value)
  CREATE UNIQUE INDEX meter_uniques_pkey ON public.meter_uniques USING btree (meter, agreement, hour, value)

meter_versions
  meter text not null
  version integer not null
  from_hour timestamp with time zone not null
  definition jsonb
  actor jsonb not null
  recorded_at timestamp with time zone not null
  constraint meter_versions_meter_fkey FOREIGN KEY (meter) REFERENCES meters(id)
  constraint meter_versions_pkey PRIMARY KEY (meter, version)
  CREATE UNIQUE INDEX meter_versions_pkey ON public.meter_versions USING btree (meter, version)

meters
  id text not null
  listing text not null
  key text not null
  event text not null
  aggregation text not null
  revision integer not null
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint meters_listing_fkey FOREIGN KEY (listing) REFERENCES listings(id)
  constraint meters_listing_key_key UNIQUE (listing, key)
  constraint meters_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX meters_listing_key_key ON public.meters USING btree (listing, key)
  CREATE UNIQUE INDEX meters_pkey ON public.meters USING btree (id)

notices
  id text not null
  connection text not null
  notice_ref text not null
  kind text not null
  at timestamp with time zone not null
  about jsonb not null
  native jsonb not null
  state_is text not null
  attempts integer not null default 0
  due_at timestamp with time zone not null
  problem jsonb
  received_at timestamp with time zone not null
  settled_at timestamp with time zone
  asks jsonb
  verdict text
  constraint notices_check CHECK (((state_is = 'received'::text) = (settled_at IS NULL)))
  constraint notices_check1 CHECK (((asks IS NULL) = (verdict IS NULL)))
  constraint notices_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint notices_connection_notice_ref_key UNIQUE (connection, notice_ref)
  constraint notices_pkey PRIMARY KEY (id)
  constraint notices_state_is_check CHECK ((state_is = ANY (ARRAY['received'::text, 'handled'::text, 'failed'::text])))
  constraint notices_verdict_check CHECK ((verdict = ANY (ARRAY['accepted'::text, 'refused'::text])))
  CREATE UNIQUE INDEX notices_connection_notice_ref_key ON public.notices USING btree (connection, notice_ref)
  CREATE INDEX notices_page ON public.notices USING btree (received_at, id)
  CREATE UNIQUE INDEX notices_pkey ON public.notices USING btree (id)
  CREATE INDEX notices_state ON public.notices USING btree (state_is, received_at, id)

offers
  id text not null
  connection text not null
  listing text not null
  plan text
  buyer text not null
  terms jsonb not null
  accept_by date not null
  state jsonb not null
  state_is text not null
  frozen jsonb
  quote jsonb
  currency character(3)
  tcv_minor bigint
  fee_minor bigint
  net_minor bigint
  keys_used integer not null default 0
  offer_ref text
  operation text
  due_at timestamp with time zone
  problem jsonb
  revision integer not null default 1
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  looked jsonb
  time_zone text not null default 'UTC'::text
  open_since timestamp with time zone
  asked_at timestamp with time zone
  may_be jsonb not null default '[]'::jsonb
  constraint offers_buyer_fkey FOREIGN KEY (buyer) REFERENCES buyers(id)
  constraint offers_check CHECK (((quote IS NULL) = (tcv_minor IS NULL)))
  constraint offers_check1 CHECK (((fee_minor IS NULL) = (net_minor IS NULL)))
  constraint offers_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint offers_listing_fkey FOREIGN KEY (listing) REFERENCES listings(id)
  constraint offers_pkey PRIMARY KEY (id)
  constraint offers_state_is_check CHECK ((state_is = ANY (ARRAY['draft'::text, 'submitting'::text, 'publishing'::text, 'handed_off'::text, 'live'::text, 'withdrawing'::text, 'extending'::text, 'accepted'::text, 'expired'::text, 'withdrawn'::text, 'refused'::text])))
  CREATE INDEX offers_buyer ON public.offers USING btree (buyer)
  CREATE INDEX offers_changed ON public.offers USING btree (updated_at, id)
  CREATE INDEX offers_may_be ON public.offers USING gin (may_be) WHERE (may_be <> '[]'::jsonb)
  CREATE INDEX offers_operation ON public.offers USING btree (connection, operation) WHERE (operation IS NOT NULL)
  CREATE INDEX offers_page ON public.offers USING btree (created_at, id)
  CREATE UNIQUE INDEX offers_pkey ON public.offers USING btree (id)
  CREATE UNIQUE INDEX offers_ref ON public.offers USING btree (connection, offer_ref) WHERE (offer_ref IS NOT NULL)
  CREATE INDEX offers_state ON public.offers USING btree (state_is, accept_by)

registrations
  id text not null
  connection text not null
  token_hash text not null
  state_is text not null
  who jsonb
  license_ref text
  buyer_ref text
  agreement text
  times integer not null default 1
  window_at timestamp with time zone not null
  window_times integer not null default 1
  arrived_at timestamp with time zone not null
  last_at timestamp with time zone not null
  resolved_at timestamp with time zone
  bound_at timestamp with time zone
  agreement_ref text
  constraint registrations_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint registrations_check CHECK (((state_is = ANY (ARRAY['waiting'::text, 'bound'::text])) = ((who IS NOT NULL) AND (resolved_at IS NOT NULL))))
  constraint registrations_check1 CHECK (((state_is = 'bound'::text) = ((agreement IS NOT NULL) AND (bound_at IS NOT NULL))))
  constraint registrations_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint registrations_connection_token_hash_key UNIQUE (connection, token_hash)
  constraint registrations_pkey PRIMARY KEY (id)
  constraint registrations_state_is_check CHECK ((state_is = ANY (ARRAY['arrived'::text, 'waiting'::text, 'bound'::text, 'expired'::text, 'forged'::text])))
  CREATE INDEX registrations_account ON public.registrations USING btree (connection, buyer_ref)
  CREATE INDEX registrations_agreement ON public.registrations USING btree (agreement, arrived_at, id)
  CREATE UNIQUE INDEX registrations_connection_token_hash_key ON public.registrations USING btree (connection, token_hash)
  CREATE UNIQUE INDEX registrations_pkey ON public.registrations USING btree (id)
  CREATE INDEX registrations_rate ON public.registrations USING btree (connection, last_at)
  CREATE INDEX registrations_waiting ON public.registrations USING btree (connection, resolved_at) WHERE (state_is = 'waiting'::text)

reported_facts
  seq bigint not null generated always as identity
  connection text not null
  subject text not null
  ref text not null
  valid_from timestamp with time zone not null
  known_from timestamp with time zone not null
  recorded_at timestamp with time zone not null
  deleted_at timestamp with time zone
  hash text not null
  vals jsonb not null
  import text not null
  file text not null
  file_row bigint not null
  native jsonb not null
  constraint reported_facts_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint reported_facts_connection_subject_ref_valid_from_known_from_key UNIQUE (connection, subject, ref, valid_from, known_from, hash)
  constraint reported_facts_import_fkey FOREIGN KEY (import) REFERENCES revenue_imports(id)
  constraint reported_facts_pkey PRIMARY KEY (seq)
  CREATE UNIQUE INDEX reported_facts_connection_subject_ref_valid_from_known_from_key ON public.reported_facts USING btree (connection, subject, ref, valid_from, known_from, hash)
  CREATE UNIQUE INDEX reported_facts_pkey ON public.reported_facts USING btree (seq)
  CREATE INDEX reported_facts_usage ON public.reported_facts USING btree (connection, ((vals ->> 'from'::text)), ((vals ->> 'to'::text))) WHERE (subject = 'usage'::text)
  CREATE INDEX reported_facts_usage_order ON public.reported_facts USING btree (connection, seq) WHERE (subject = 'usage'::text)

revenue_faults
  import text not null
  position integer not null
  row bigint not null
  ordinal integer not null
  column_name text
  message text not null
  raw text not null
  constraint revenue_faults_import_position_fkey FOREIGN KEY (import, "position") REFERENCES revenue_files(import, "position")
  constraint revenue_faults_pkey PRIMARY KEY (import, "position", "row", ordinal)
  CREATE UNIQUE INDEX revenue_faults_pkey ON public.revenue_faults USING btree (import, "position", "row", ordinal)

revenue_files
  import text not null
  position integer not null
  connection text not null
  name text not null
  fingerprint text not null
  size_bytes bigint not null
  state_is text not null
  last_row bigint not null default 0
  rows_read bigint not null default 0
  rows_new bigint not null default 0
  rows_broken bigint not null default 0
  problem jsonb
  finished_at timestamp with time zone
  known_at timestamp with time zone not null
  constraint revenue_files_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint revenue_files_import_fkey FOREIGN KEY (import) REFERENCES revenue_imports(id)
  constraint revenue_files_pkey PRIMARY KEY (import, "position")
  constraint revenue_files_state_is_check CHECK ((state_is = ANY (ARRAY['waiting'::text, 'reading'::text, 'read'::text, 'same'::text, 'failed'::text])))
  CREATE UNIQUE INDEX revenue_files_pkey ON public.revenue_files USING btree (import, "position")
  CREATE INDEX revenue_files_read ON public.revenue_files USING btree (connection, name, fingerprint) WHERE (state_is = 'read'::text)

revenue_imports
  id text not null
  connection text not null
  again boolean not null
  state jsonb not null
  state_is text not null
  revision integer not null default 1
  created_at timestamp with time zone not null
  finished_at timestamp with time zone
  held jsonb
  constraint revenue_imports_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint revenue_imports_pkey PRIMARY KEY (id)
  constraint revenue_imports_state_is_check CHECK ((state_is = ANY (ARRAY['waiting'::text, 'preparing'::text, 'reading'::text, 'done'::text, 'partial'::text, 'failed'::text])))
  CREATE INDEX revenue_imports_newest ON public.revenue_imports USING btree (connection, created_at)
  CREATE INDEX revenue_imports_order ON public.revenue_imports USING btree (created_at, id)
  CREATE UNIQUE INDEX revenue_imports_pkey ON public.revenue_imports USING btree (id)

revenue_lines
  seq bigint not null generated always as identity
  connection text not null
  line_ref text not null
  valid_from timestamp with time zone not null
  known_from timestamp with time zone not null
  recorded_at timestamp with time zone not null
  deleted_at timestamp with time zone
  hash text not null
  parent_ref text
  action text not null
  kind text not null
  native_kind text not null
  amount numeric(38,12) not null
  currency text not null
  invoice_ref text
  invoiced_on date not null
  due_on date
  usage_from timestamp with time zone
  usage_to timestamp with time zone
  agreement_ref text
  offer_ref text
  listing_ref text
  payer_ref text
  payout_ref text
  import text not null
  file text not null
  file_row bigint not null
  native jsonb not null
  others jsonb not null default '[]'::jsonb
  facts jsonb not null default '{}'::jsonb
  basis text
  constraint revenue_lines_basis_check CHECK ((basis = ANY (ARRAY['usage'::text, 'term'::text])))
  constraint revenue_lines_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint revenue_lines_connection_line_ref_valid_from_known_from_has_key UNIQUE (connection, line_ref, valid_from, known_from, hash)
  constraint revenue_lines_import_fkey FOREIGN KEY (import) REFERENCES revenue_imports(id)
  constraint revenue_lines_pkey PRIMARY KEY (seq)
  CREATE INDEX revenue_lines_agreement ON public.revenue_lines USING btree (agreement_ref)
  CREATE UNIQUE INDEX revenue_lines_connection_line_ref_valid_from_known_from_has_key ON public.revenue_lines USING btree (connection, line_ref, valid_from, known_from, hash)
  CREATE INDEX revenue_lines_offer ON public.revenue_lines USING btree (offer_ref) WHERE (offer_ref IS NOT NULL)
  CREATE INDEX revenue_lines_order ON public.revenue_lines USING btree (invoiced_on, connection, line_ref)
  CREATE INDEX revenue_lines_payer ON public.revenue_lines USING btree (payer_ref)
  CREATE INDEX revenue_lines_payout ON public.revenue_lines USING btree (connection, payout_ref) WHERE (payout_ref IS NOT NULL)
  CREATE UNIQUE INDEX revenue_lines_pkey ON public.revenue_lines USING btree (seq)

syncs
  name text not null
  connection text not null
  cursor text
  due_at timestamp with time zone not null
  every_ms integer not null
  started_at timestamp with time zone
  finished_at timestamp with time zone
  succeeded_at timestamp with time zone
  problem jsonb
  constraint syncs_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint syncs_every_ms_check CHECK ((every_ms > 0))
  constraint syncs_pkey PRIMARY KEY (name, connection)
  CREATE UNIQUE INDEX syncs_pkey ON public.syncs USING btree (name, connection)

usage_allowances
  agreement text not null
  dimension text not null
  starts_at timestamp with time zone not null
  ends_at timestamp with time zone
  connection text not null
  quantity numeric(38,12)
  used numeric(38,12) not null default 0
  revision integer not null
  over numeric(38,12) not null default 0
  constraint usage_allowances_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_allowances_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_allowances_over_check CHECK ((over >= (0)::numeric))
  constraint usage_allowances_pkey PRIMARY KEY (agreement, dimension, starts_at)
  constraint usage_allowances_quantity_check CHECK ((quantity >= (0)::numeric))
  constraint usage_allowances_used_check CHECK ((used >= (0)::numeric))
  CREATE UNIQUE INDEX usage_allowances_pkey ON public.usage_allowances USING btree (agreement, dimension, starts_at)

usage_contributions
  source text not null
  event text not null
  meter text not null
  version integer not null
  run text not null default ''::text
  agreement text not null
  dimension text not null
  quantity numeric(38,12) not null
  at timestamp with time zone not null
  hour timestamp with time zone not null
  late boolean not null
  created_at timestamp with time zone not null
  constraint usage_contributions_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_contributions_pkey PRIMARY KEY (source, event, meter, dimension, run)
  CREATE UNIQUE INDEX usage_contributions_pkey ON public.usage_contributions USING btree (source, event, meter, dimension, run)
  CREATE INDEX usage_contributions_record ON public.usage_contributions USING btree (agreement, dimension, hour)

usage_events
  source text not null
  id text not null
  agreement text not null
  dimension text
  quantity numeric(38,12)
  at timestamp with time zone not null
  hour timestamp with time zone not null
  late boolean not null
  allocations jsonb
  received_at timestamp with time zone not null
  name text
  properties jsonb
  reverses text
  constraint usage_events_check CHECK (((dimension IS NULL) = (quantity IS NULL)))
  constraint usage_events_check1 CHECK (((quantity >= (0)::numeric) OR (reverses IS NOT NULL)))
  constraint usage_events_pkey PRIMARY KEY (source, id)
  CREATE INDEX usage_events_named ON public.usage_events USING btree (agreement, name, hour, source, id) WHERE (name IS NOT NULL)
  CREATE UNIQUE INDEX usage_events_pkey ON public.usage_events USING btree (source, id)
  CREATE INDEX usage_events_record ON public.usage_events USING btree (agreement, dimension, hour)
  CREATE UNIQUE INDEX usage_events_reversed ON public.usage_events USING btree (source, reverses) WHERE (reverses IS NOT NULL)

usage_lanes
  connection text not null
  paced_at timestamp with time zone
  served_at timestamp with time zone
  failures integer not null default 0
  open_until timestamp with time zone
  problem jsonb
  blocked jsonb not null default '{}'::jsonb
  constraint usage_lanes_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_lanes_pkey PRIMARY KEY (connection)
  CREATE UNIQUE INDEX usage_lanes_pkey ON public.usage_lanes USING btree (connection)

usage_policies
  connection text not null
  policy jsonb not null
  revision integer not null
  actor jsonb not null
  updated_at timestamp with time zone not null
  constraint usage_policies_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_policies_pkey PRIMARY KEY (connection)
  CREATE UNIQUE INDEX usage_policies_pkey ON public.usage_policies USING btree (connection)

usage_postings
  id text not null
  agreement text not null
  dimension text not null
  quantity numeric(38,12) not null
  at timestamp with time zone not null
  hour timestamp with time zone not null
  late boolean not null
  reason text not null
  detail jsonb not null
  created_at timestamp with time zone not null
  constraint usage_postings_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_postings_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX usage_postings_pkey ON public.usage_postings USING btree (id)
  CREATE INDEX usage_postings_record ON public.usage_postings USING btree (agreement, dimension, hour)

usage_read_backs
  connection text not null
  agreement_ref text not null
  dimension text not null
  day date not null
  agreement text
  plan_ref text
  native_status text
  submitted numeric
  processed numeric
  accepted numeric(38,12) not null
  difference numeric not null
  verdict text not null
  since timestamp with time zone not null
  alarm text
  read_at timestamp with time zone not null
  source text not null default 'api'::text
  from_at timestamp with time zone not null
  to_at timestamp with time zone not null
  amount numeric
  currency text
  billed boolean not null default false
  constraint usage_read_backs_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_read_backs_alarm_check CHECK (((alarm <> 'agreed'::text) AND (alarm <> 'pending'::text)))
  constraint usage_read_backs_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_read_backs_pkey PRIMARY KEY (connection, agreement_ref, dimension, source, from_at, to_at)
  constraint usage_read_backs_source_check CHECK ((source = ANY (ARRAY['api'::text, 'report'::text])))
  constraint usage_read_backs_verdict_check CHECK ((verdict = ANY (ARRAY['agreed'::text, 'pending'::text, 'differs'::text, 'rejected'::text, 'missing_there'::text, 'unknown_here'::text])))
  CREATE INDEX usage_read_backs_page ON public.usage_read_backs USING btree (from_at, connection, agreement_ref, dimension, source, to_at)
  CREATE INDEX usage_read_backs_period ON public.usage_read_backs USING btree (connection, source, from_at)
  CREATE UNIQUE INDEX usage_read_backs_pkey ON public.usage_read_backs USING btree (connection, agreement_ref, dimension, source, from_at, to_at)

usage_records
  id text not null
  connection text not null
  agreement text not null
  dimension text not null
  hour timestamp with time zone not null
  kind text not null
  quantity numeric(38,12) not null
  events bigint not null
  allocated boolean not null
  state jsonb not null
  state_is text not null
  due_at timestamp with time zone not null
  deadline timestamp with time zone not null
  sent numeric(38,12)
  carried_in numeric(38,12)
  carried_out numeric(38,12)
  report json
  outcome jsonb
  attempts integer not null default 0
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  included numeric(38,12) not null default 0
  taken_until timestamp with time zone
  rated numeric(38,12) not null default 0
  released_at timestamp with time zone
  constraint usage_records_adds_up CHECK (((quantity + carried_in) = (((sent + included) + rated) + carried_out)))
  constraint usage_records_agreement_dimension_hour_kind_key UNIQUE (agreement, dimension, hour, kind)
  constraint usage_records_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_records_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_records_frozen CHECK ((((sent IS NULL) = (carried_in IS NULL)) AND ((sent IS NULL) = (carried_out IS NULL)) AND ((sent IS NOT NULL) OR ((included = (0)::numeric) AND (rated = (0)::numeric)))))
  constraint usage_records_kind_check CHECK ((kind = ANY (ARRAY['usage'::text, 'late'::text, 'closing'::text])))
  constraint usage_records_pkey PRIMARY KEY (id)
  constraint usage_records_sent_check CHECK (((sent >= (0)::numeric) OR (kind <> 'usage'::text)))
  constraint usage_records_state_is_check CHECK ((state_is = ANY (ARRAY['open'::text, 'due'::text, 'held'::text, 'sending'::text, 'accepted'::text, 'carried'::text, 'included'::text, 'rated'::text, 'refused'::text, 'lost'::text])))
  constraint usage_records_unsent CHECK (((sent IS NOT NULL) OR (state_is = ANY (ARRAY['open'::text, 'due'::text, 'held'::text]))))
  CREATE UNIQUE INDEX usage_records_agreement_dimension_hour_kind_key ON public.usage_records USING btree (agreement, dimension, hour, kind)
  CREATE INDEX usage_records_due ON public.usage_records USING btree (connection, due_at) WHERE (state_is = ANY (ARRAY['open'::text, 'due'::text, 'held'::text, 'sending'::text]))
  CREATE INDEX usage_records_late ON public.usage_records USING btree (agreement, created_at) WHERE (kind = 'late'::text)
  CREATE INDEX usage_records_page ON public.usage_records USING btree (hour, id)
  CREATE UNIQUE INDEX usage_records_pkey ON public.usage_records USING btree (id)
  CREATE INDEX usage_records_work ON public.usage_records USING btree (connection, deadline, due_at) WHERE (state_is = ANY (ARRAY['open'::text, 'due'::text, 'held'::text, 'sending'::text]))

usage_series
  agreement text not null
  dimension text not null
  connection text not null
  carry numeric(38,12) not null default 0
  closes_at timestamp with time zone
  peak numeric(38,12) not null default 0
  hours integer not null default 0
  constraint usage_series_agreement_fkey FOREIGN KEY (agreement) REFERENCES agreements(id)
  constraint usage_series_connection_fkey FOREIGN KEY (connection) REFERENCES connections(id)
  constraint usage_series_pkey PRIMARY KEY (agreement, dimension)
  CREATE INDEX usage_series_closing ON public.usage_series USING btree (connection, closes_at) WHERE ((carry <> (0)::numeric) AND (closes_at IS NOT NULL))
  CREATE UNIQUE INDEX usage_series_pkey ON public.usage_series USING btree (agreement, dimension)
