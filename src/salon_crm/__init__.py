"""The customer half of a salon: customers, their notes and blocks, search, import and export, as a library.

Open a salon with `open_salon`, say who acts with `Actor`, and call a use case with both::

    with salon_crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        bea = salon_crm.Actor("bea", salon_crm.Role.MANAGER)
        ana = salon_crm.add_customer(salon, bea, name="Ana Silva", mobile="912 345 678")
"""

from salon_crm.domain.access import DEFAULT_PERMISSIONS, Actor, Grant, Permission, PermissionTable, Role, Scope
from salon_crm.domain.audit import AuditAction, AuditEntry, AuditHead, AuditVerification
from salon_crm.domain.blocks import AlertState, Block, BlockAlert
from salon_crm.domain.bookings import Answer, BookingAnswer
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.criteria import CustomerFilter, Page, matches
from salon_crm.domain.customers import (
    Address,
    Customer,
    CustomerRow,
    FieldKind,
    FormSection,
    Gender,
    ProfileFields,
    Status,
)
from salon_crm.domain.dates import DateOrder, PartialDate
from salon_crm.domain.duplicates import Confidence, CustomerMatch, MatchReason
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.labels import label
from salon_crm.domain.maintenance import BackupReport, Finding, HealthReport, Trouble
from salon_crm.domain.notes import Note
from salon_crm.domain.settings import Settings
from salon_crm.domain.transfer.columns import EXPORT_COLUMNS
from salon_crm.domain.transfer.planner import TwinOf
from salon_crm.domain.transfer.reports import ExportReport, Family, ImportProblem, ImportReport
from salon_crm.errors import (
    Conflict,
    DeliveryError,
    InvalidDocument,
    InvalidValue,
    NotFound,
    NotPermitted,
    NotSupported,
    RuleBroken,
    SalonCrmError,
    SchemaNewer,
    SchemaOutdated,
    StoreBusy,
    StoreError,
    TransactionLost,
    UnknownCriterion,
)
from salon_crm.opening import from_document, open_salon, to_document
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.audit import audit_head, audit_trail, verify_audit
from salon_crm.use_cases.blocks import (
    block_alerts,
    block_customer,
    confirm_block_alert,
    customer_blocks,
    dismiss_block_alert,
    get_block,
    unblock_customer,
)
from salon_crm.use_cases.bookings import may_book
from salon_crm.use_cases.criteria import count_customers, each_customer, find_customers
from salon_crm.use_cases.customers import (
    CustomerEdit,
    CustomersFound,
    Deactivation,
    activate_customer,
    add_customer,
    deactivate_customer,
    edit_customer,
    forget_former,
    get_customer,
    get_customers,
    remove_customer,
)
from salon_crm.use_cases.duplicates import FoundOrAdded, find_or_add_customer, match_customers
from salon_crm.use_cases.maintenance import back_up_salon, check_health, rebuild_search
from salon_crm.use_cases.notes import add_note, customer_notes, edit_note, remove_note
from salon_crm.use_cases.settings import FormField, change_settings, get_settings, profile_fields
from salon_crm.use_cases.transfer import export_customers, import_customers

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_PERMISSIONS",
    "EXPORT_COLUMNS",
    "Actor",
    "Address",
    "AlertState",
    "Answer",
    "AuditAction",
    "AuditEntry",
    "AuditHead",
    "AuditVerification",
    "BackupReport",
    "Block",
    "BlockAlert",
    "BookingAnswer",
    "Confidence",
    "Conflict",
    "Customer",
    "CustomerEdit",
    "CustomerFilter",
    "CustomerMatch",
    "CustomerRow",
    "CustomersFound",
    "DateOrder",
    "Deactivation",
    "DeliveryError",
    "EmailAddress",
    "ExportReport",
    "ExternalId",
    "Family",
    "FieldKind",
    "Finding",
    "FormField",
    "FormSection",
    "FoundOrAdded",
    "Gender",
    "Grant",
    "HealthReport",
    "ImportProblem",
    "ImportReport",
    "InvalidDocument",
    "InvalidValue",
    "MatchReason",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "Note",
    "Page",
    "PartialDate",
    "Permission",
    "PermissionTable",
    "PhoneNumber",
    "ProfileFields",
    "Role",
    "RuleBroken",
    "Salon",
    "SalonCrmError",
    "SchemaNewer",
    "SchemaOutdated",
    "Scope",
    "Settings",
    "Status",
    "StoreBusy",
    "StoreError",
    "TransactionLost",
    "Trouble",
    "TwinOf",
    "UnknownCriterion",
    "__version__",
    "activate_customer",
    "add_customer",
    "add_note",
    "audit_head",
    "audit_trail",
    "back_up_salon",
    "block_alerts",
    "block_customer",
    "change_settings",
    "check_health",
    "confirm_block_alert",
    "count_customers",
    "customer_blocks",
    "customer_notes",
    "deactivate_customer",
    "dismiss_block_alert",
    "each_customer",
    "edit_customer",
    "edit_note",
    "export_customers",
    "find_customers",
    "find_or_add_customer",
    "forget_former",
    "from_document",
    "get_block",
    "get_customer",
    "get_customers",
    "get_settings",
    "import_customers",
    "label",
    "match_customers",
    "matches",
    "may_book",
    "open_salon",
    "profile_fields",
    "rebuild_search",
    "remove_customer",
    "remove_note",
    "to_document",
    "unblock_customer",
    "verify_audit",
]
