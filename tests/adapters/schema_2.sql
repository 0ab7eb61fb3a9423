CREATE TABLE crm_schema (
  version INTEGER NOT NULL,
  PRIMARY KEY (version)
) STRICT;
CREATE TABLE crm_salon (
  id TEXT NOT NULL,
  created TEXT NOT NULL,
  mark_key BLOB NOT NULL,
  key_check BLOB NOT NULL,
  settings_version INTEGER NOT NULL,
  region TEXT NOT NULL,
  zone TEXT NOT NULL,
  currency TEXT NOT NULL,
  required_fields TEXT NOT NULL,
  fold_version TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE TABLE crm_customers (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  added TEXT NOT NULL,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  email TEXT,
  email_key TEXT,
  other_emails TEXT NOT NULL,
  mobile TEXT,
  mobile_valid INTEGER,
  mobile_extension TEXT,
  other_phones TEXT NOT NULL,
  contact_declined INTEGER NOT NULL,
  birthday TEXT,
  anniversary TEXT,
  gender TEXT,
  referral_source TEXT,
  address_lines TEXT,
  city TEXT,
  subdivision TEXT,
  postal_code TEXT,
  country TEXT,
  language TEXT,
  zone TEXT,
  preferences TEXT,
  external_ids TEXT NOT NULL,
  former_names TEXT NOT NULL,
  former_emails TEXT NOT NULL,
  former_phones TEXT NOT NULL,
  name_key TEXT NOT NULL,
  PRIMARY KEY (id)
) STRICT;
CREATE INDEX crm_customers_by_name_key_id ON crm_customers (name_key, id);
CREATE INDEX crm_customers_by_added_id ON crm_customers (added, id);
CREATE TABLE crm_notes (
  id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  text TEXT NOT NULL,
  alert INTEGER NOT NULL,
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  edited_at TEXT,
  edited_by TEXT,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_notes_by_customer_id ON crm_notes (customer_id);
CREATE TABLE crm_blocks (
  id TEXT NOT NULL,
  origin TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  lifted_at TEXT,
  lifted_by TEXT,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_blocks_by_customer_id ON crm_blocks (customer_id);
CREATE INDEX crm_blocks_by_origin ON crm_blocks (origin);
CREATE TABLE crm_block_alerts (
  id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  at TEXT NOT NULL,
  state TEXT NOT NULL,
  settled_at TEXT,
  settled_by TEXT,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_block_alerts_by_customer_id ON crm_block_alerts (customer_id);
CREATE INDEX crm_block_alerts_by_state ON crm_block_alerts (state);
CREATE INDEX crm_block_alerts_by_origin ON crm_block_alerts (origin);
CREATE TABLE crm_fingerprints (
  system TEXT NOT NULL,
  digest BLOB NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (system, digest),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_fingerprints_by_customer_id ON crm_fingerprints (customer_id);
CREATE TABLE crm_aliases (
  id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_aliases_by_customer_id ON crm_aliases (customer_id);
CREATE TABLE crm_marks (
  kind TEXT NOT NULL,
  digest BLOB NOT NULL,
  block_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (kind, digest, block_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_marks_by_digest ON crm_marks (digest);
CREATE INDEX crm_marks_by_block_id ON crm_marks (block_id);
CREATE TABLE crm_references (
  command TEXT NOT NULL,
  reference TEXT NOT NULL,
  result_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (command, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE crm_external_ids (
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (system, external_id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_external_ids_by_customer_id ON crm_external_ids (customer_id);
CREATE TABLE crm_customer_keys (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  PRIMARY KEY (kind, value, customer_id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_customer_keys_by_customer_id ON crm_customer_keys (customer_id);
CREATE TABLE crm_customer_search (
  place INTEGER NOT NULL,
  customer_id TEXT NOT NULL,
  name_key TEXT NOT NULL,
  status TEXT NOT NULL,
  words TEXT NOT NULL,
  digits TEXT NOT NULL,
  PRIMARY KEY (place),
  UNIQUE (customer_id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE TABLE crm_audit (
  sequence INTEGER NOT NULL,
  at TEXT NOT NULL,
  recorded TEXT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  customer_id TEXT,
  version INTEGER,
  fields TEXT NOT NULL,
  details TEXT NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (sequence)
) STRICT;
CREATE INDEX crm_audit_by_customer_id_sequence ON crm_audit (customer_id, sequence);
CREATE INDEX crm_audit_by_actor_sequence ON crm_audit (actor, sequence);
CREATE INDEX crm_audit_by_recorded_sequence ON crm_audit (recorded, sequence);
CREATE VIRTUAL TABLE crm_customer_pieces USING fts5(pieces, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'");
CREATE VIRTUAL TABLE crm_customer_terms USING fts5vocab(crm_customer_pieces, instance);
