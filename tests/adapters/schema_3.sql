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
CREATE TABLE crm_service_types (
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  retired_at TEXT,
  retired INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (code)
) STRICT;
CREATE INDEX crm_service_types_by_retired ON crm_service_types (retired);
CREATE TABLE crm_services (
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  service_type TEXT,
  usual_interval INTEGER,
  duration INTEGER,
  skin_tests TEXT NOT NULL,
  retired_at TEXT,
  retired INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (code)
) STRICT;
CREATE INDEX crm_services_by_retired ON crm_services (retired);
CREATE INDEX crm_services_by_service_type ON crm_services (service_type);
CREATE TABLE crm_packages (
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  retired_at TEXT,
  retired INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (code)
) STRICT;
CREATE INDEX crm_packages_by_retired ON crm_packages (retired);
CREATE TABLE crm_locations (
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  zone TEXT,
  region TEXT,
  retired_at TEXT,
  retired INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (code)
) STRICT;
CREATE INDEX crm_locations_by_retired ON crm_locations (retired);
CREATE TABLE crm_staff_members (
  id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  actor_id TEXT,
  retired_at TEXT,
  retired INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (code),
  UNIQUE (actor_id)
) STRICT;
CREATE INDEX crm_staff_members_by_retired ON crm_staff_members (retired);
CREATE TABLE crm_bookings (
  id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  service TEXT NOT NULL,
  starts TEXT NOT NULL,
  ends TEXT NOT NULL,
  zone TEXT NOT NULL,
  day TEXT NOT NULL,
  location TEXT,
  therapist TEXT,
  status TEXT NOT NULL,
  cancelled_by TEXT,
  price INTEGER,
  currency TEXT,
  package TEXT,
  note TEXT,
  arrived_at TEXT,
  external_system TEXT,
  external_id TEXT,
  origin TEXT NOT NULL,
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (external_system, external_id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_bookings_by_customer_id_starts_day_status_service_location_therapist ON crm_bookings (customer_id, starts, day, status, service, location, therapist);
CREATE INDEX crm_bookings_by_service_status_day_customer_id_location_therapist ON crm_bookings (service, status, day, customer_id, location, therapist);
CREATE INDEX crm_bookings_by_starts_id ON crm_bookings (starts, id);
CREATE TABLE crm_booking_changes (
  booking_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  customer_id TEXT NOT NULL,
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  move TEXT,
  reason TEXT,
  status TEXT NOT NULL,
  starts TEXT NOT NULL,
  ends TEXT NOT NULL,
  zone TEXT NOT NULL,
  service TEXT NOT NULL,
  location TEXT,
  therapist TEXT,
  PRIMARY KEY (booking_id, version),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_booking_changes_by_customer_id ON crm_booking_changes (customer_id);
CREATE TABLE crm_sales (
  id TEXT NOT NULL,
  customer_id TEXT,
  at TEXT NOT NULL,
  zone TEXT NOT NULL,
  day TEXT NOT NULL,
  location TEXT,
  currency TEXT NOT NULL,
  lines TEXT NOT NULL,
  payments TEXT NOT NULL,
  refunds TEXT NOT NULL,
  bookings TEXT NOT NULL,
  status TEXT NOT NULL,
  author TEXT NOT NULL,
  recorded TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_sales_by_customer_id_at_id ON crm_sales (customer_id, at, id);
CREATE INDEX crm_sales_by_day_at_id ON crm_sales (day, at, id);
CREATE TABLE crm_assigned_packages (
  id TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  package TEXT NOT NULL,
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  withdrawn_at TEXT,
  withdrawn_by TEXT,
  version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
) STRICT;
CREATE INDEX crm_assigned_packages_by_customer_id ON crm_assigned_packages (customer_id);
CREATE TABLE crm_facts (
  customer_id TEXT NOT NULL,
  visits INTEGER NOT NULL,
  first_visit TEXT,
  last_visit TEXT,
  spend INTEGER NOT NULL,
  booked TEXT NOT NULL,
  ever_booked TEXT NOT NULL,
  packages TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (customer_id),
  FOREIGN KEY (customer_id) REFERENCES crm_customers (id)
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
CREATE TABLE crm_customer_panel (
  name_key TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  booked_1 INTEGER NOT NULL,
  ever_1 INTEGER NOT NULL,
  status TEXT NOT NULL,
  visits INTEGER NOT NULL,
  last_visit TEXT,
  spend INTEGER NOT NULL,
  packages_1 INTEGER NOT NULL,
  gender TEXT,
  added TEXT NOT NULL,
  booked_2 INTEGER NOT NULL,
  booked_3 INTEGER NOT NULL,
  booked_4 INTEGER NOT NULL,
  ever_2 INTEGER NOT NULL,
  ever_3 INTEGER NOT NULL,
  ever_4 INTEGER NOT NULL,
  packages_2 INTEGER NOT NULL,
  PRIMARY KEY (name_key, customer_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE crm_codes (
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  bit INTEGER NOT NULL,
  PRIMARY KEY (kind, code),
  UNIQUE (kind, bit)
) STRICT, WITHOUT ROWID;
CREATE TABLE crm_sale_bookings (
  booking_id TEXT NOT NULL,
  sale_id TEXT NOT NULL,
  PRIMARY KEY (booking_id, sale_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX crm_sale_bookings_by_sale_id ON crm_sale_bookings (sale_id);
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
