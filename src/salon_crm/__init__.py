"""The customer half of a salon: customers, their notes and blocks, search, import and export, as a library.

Open a salon with `open_salon`, say who acts with `Actor`, and call a use case with both::

    with salon_crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        bea = salon_crm.Actor("bea", salon_crm.Role.MANAGER)
        ana = salon_crm.add_customer(salon, bea, name="Ana Silva", mobile="912 345 678")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from salon_crm.domain.access import DEFAULT_PERMISSIONS, Actor, Grant, Permission, PermissionTable, Role, Scope
    from salon_crm.domain.audit import AuditAction, AuditEntry, AuditHead, AuditVerification
    from salon_crm.domain.blocks import AlertState, Block, BlockAlert
    from salon_crm.domain.bookings import (
        Answer,
        Booking,
        BookingAnswer,
        BookingChange,
        BookingMove,
        BookingOrigin,
        BookingStatus,
        CancelledBy,
    )
    from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
    from salon_crm.domain.contact import EmailAddress, PhoneNumber
    from salon_crm.domain.criteria import (
        AllOf,
        AnyOf,
        Compare,
        CustomerFilter,
        Explanation,
        Fact,
        Figure,
        HasBooking,
        HasPackage,
        InPeriod,
        InTier,
        Not,
        OneOf,
        Op,
        Page,
        RelativeDay,
        Text,
        matches,
        parse_criteria,
    )
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
    from salon_crm.domain.facts import CustomerFacts
    from salon_crm.domain.ids import ExternalId
    from salon_crm.domain.labels import label
    from salon_crm.domain.maintenance import BackupReport, Finding, HealthReport, MoveReport, Trouble
    from salon_crm.domain.money import AmountLike, Money
    from salon_crm.domain.notes import Note
    from salon_crm.domain.packages import HeldPackage, PackageWay
    from salon_crm.domain.rewards import (
        EarnPer,
        EarnRule,
        Expiry,
        LedgerFault,
        LineShare,
        LotPart,
        OriginKind,
        RewardAction,
        RewardEntry,
        RewardLot,
        RewardOrigin,
        RewardProgramme,
        Rounding,
        Tier,
    )
    from salon_crm.domain.rewards.stated import EarnRuleFields, ExpiryFields, ProgrammeFields, TierFields
    from salon_crm.domain.sales import (
        AssignedPackage,
        LineKind,
        Payment,
        PaymentStatus,
        ProductBought,
        Refund,
        RefundedLine,
        Sale,
        SaleLine,
        SaleStatus,
    )
    from salon_crm.domain.sales.stated import LineFields, PaymentFields, RefundFields
    from salon_crm.domain.settings import Settings
    from salon_crm.domain.transfer.amounts import DecimalSign
    from salon_crm.domain.transfer.columns import EXPORT_COLUMNS
    from salon_crm.domain.transfer.planner import TwinOf
    from salon_crm.domain.transfer.reports import (
        BookingImportReport,
        ExportReport,
        Family,
        ImportProblem,
        ImportReport,
        ImportWarning,
        MissingItem,
    )
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
    from salon_crm.opening import from_document, move_salon, open_salon, to_document
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
    from salon_crm.use_cases.bookings import (
        Booked,
        BookingFilter,
        BookingMirrored,
        BookingMoved,
        BookingPage,
        BookingRow,
        Reassignment,
        ReassignmentReport,
        book,
        booking_history,
        cancel_booking,
        complete_booking,
        confirm_booking,
        customer_bookings,
        find_bookings,
        get_booking,
        import_bookings,
        mark_no_show,
        may_book,
        put_booking,
        reassign_bookings,
        record_arrival,
        reopen_booking,
        reschedule_booking,
        unclosed_bookings,
    )
    from salon_crm.use_cases.catalogue import (
        Catalogue,
        Retirement,
        add_location,
        add_package,
        add_service,
        add_service_type,
        add_staff_member,
        catalogue,
        edit_location,
        edit_package,
        edit_service,
        edit_service_type,
        edit_staff_member,
        restore_location,
        restore_package,
        restore_service,
        restore_service_type,
        restore_staff_member,
        retire_location,
        retire_package,
        retire_service,
        retire_service_type,
        retire_staff_member,
    )
    from salon_crm.use_cases.criteria import count_customers, each_customer, explain_match, find_customers
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
    from salon_crm.use_cases.facts import FactsRebuilt, FactsVerification, rebuild_facts, verify_facts
    from salon_crm.use_cases.maintenance import back_up_salon, check_health, rebuild_search
    from salon_crm.use_cases.notes import add_note, customer_notes, edit_note, remove_note
    from salon_crm.use_cases.packages import assign_package, customer_packages, withdraw_package
    from salon_crm.use_cases.rewards import (
        LedgerVerification,
        PointsBalance,
        PointsExpired,
        PointsHistory,
        PointsRow,
        PointsStatement,
        PointsTransferred,
        add_points,
        adjust_points,
        backfill_points,
        expire_points,
        points_balance,
        points_history,
        points_statement,
        redeem_points,
        reverse_entry,
        transfer_points,
        verify_ledger,
    )
    from salon_crm.use_cases.sales import (
        SaleOutcome,
        SalePage,
        assign_sale,
        cancel_sale,
        complete_sale,
        customer_products,
        customer_sales,
        get_sale,
        record_payment,
        record_sale,
        refund_sale,
        unassigned_sales,
    )
    from salon_crm.use_cases.settings import FormField, change_settings, get_settings, profile_fields
    from salon_crm.use_cases.transfer import export_customers, import_customers

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_PERMISSIONS",
    "EXPORT_COLUMNS",
    "Actor",
    "Address",
    "AlertState",
    "AllOf",
    "AmountLike",
    "Answer",
    "AnyOf",
    "AssignedPackage",
    "AuditAction",
    "AuditEntry",
    "AuditHead",
    "AuditVerification",
    "BackupReport",
    "Block",
    "BlockAlert",
    "Booked",
    "Booking",
    "BookingAnswer",
    "BookingChange",
    "BookingFilter",
    "BookingImportReport",
    "BookingMirrored",
    "BookingMove",
    "BookingMoved",
    "BookingOrigin",
    "BookingPage",
    "BookingRow",
    "BookingStatus",
    "CancelledBy",
    "Catalogue",
    "Compare",
    "Confidence",
    "Conflict",
    "Customer",
    "CustomerEdit",
    "CustomerFacts",
    "CustomerFilter",
    "CustomerMatch",
    "CustomerRow",
    "CustomersFound",
    "DateOrder",
    "Deactivation",
    "DecimalSign",
    "DeliveryError",
    "EarnPer",
    "EarnRule",
    "EarnRuleFields",
    "EmailAddress",
    "Expiry",
    "ExpiryFields",
    "Explanation",
    "ExportReport",
    "ExternalId",
    "Fact",
    "FactsRebuilt",
    "FactsVerification",
    "Family",
    "FieldKind",
    "Figure",
    "Finding",
    "FormField",
    "FormSection",
    "FoundOrAdded",
    "Gender",
    "Grant",
    "HasBooking",
    "HasPackage",
    "HealthReport",
    "HeldPackage",
    "ImportProblem",
    "ImportReport",
    "ImportWarning",
    "InPeriod",
    "InTier",
    "InvalidDocument",
    "InvalidValue",
    "LedgerFault",
    "LedgerVerification",
    "LineFields",
    "LineKind",
    "LineShare",
    "Location",
    "LotPart",
    "MatchReason",
    "MissingItem",
    "Money",
    "MoveReport",
    "Not",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "Note",
    "OneOf",
    "Op",
    "OriginKind",
    "Package",
    "PackageWay",
    "Page",
    "PartialDate",
    "Payment",
    "PaymentFields",
    "PaymentStatus",
    "Permission",
    "PermissionTable",
    "PhoneNumber",
    "PointsBalance",
    "PointsExpired",
    "PointsHistory",
    "PointsRow",
    "PointsStatement",
    "PointsTransferred",
    "ProductBought",
    "ProfileFields",
    "ProgrammeFields",
    "Reassignment",
    "ReassignmentReport",
    "Refund",
    "RefundFields",
    "RefundedLine",
    "RelativeDay",
    "Retirement",
    "RewardAction",
    "RewardEntry",
    "RewardLot",
    "RewardOrigin",
    "RewardProgramme",
    "Role",
    "Rounding",
    "RuleBroken",
    "Sale",
    "SaleLine",
    "SaleOutcome",
    "SalePage",
    "SaleStatus",
    "Salon",
    "SalonCrmError",
    "SchemaNewer",
    "SchemaOutdated",
    "Scope",
    "Service",
    "ServiceType",
    "Settings",
    "StaffMember",
    "Status",
    "StoreBusy",
    "StoreError",
    "Text",
    "Tier",
    "TierFields",
    "TransactionLost",
    "Trouble",
    "TwinOf",
    "UnknownCriterion",
    "__version__",
    "activate_customer",
    "add_customer",
    "add_location",
    "add_note",
    "add_package",
    "add_points",
    "add_service",
    "add_service_type",
    "add_staff_member",
    "adjust_points",
    "assign_package",
    "assign_sale",
    "audit_head",
    "audit_trail",
    "back_up_salon",
    "backfill_points",
    "block_alerts",
    "block_customer",
    "book",
    "booking_history",
    "cancel_booking",
    "cancel_sale",
    "catalogue",
    "change_settings",
    "check_health",
    "complete_booking",
    "complete_sale",
    "confirm_block_alert",
    "confirm_booking",
    "count_customers",
    "customer_blocks",
    "customer_bookings",
    "customer_notes",
    "customer_packages",
    "customer_products",
    "customer_sales",
    "deactivate_customer",
    "dismiss_block_alert",
    "each_customer",
    "edit_customer",
    "edit_location",
    "edit_note",
    "edit_package",
    "edit_service",
    "edit_service_type",
    "edit_staff_member",
    "expire_points",
    "explain_match",
    "export_customers",
    "find_bookings",
    "find_customers",
    "find_or_add_customer",
    "forget_former",
    "from_document",
    "get_block",
    "get_booking",
    "get_customer",
    "get_customers",
    "get_sale",
    "get_settings",
    "import_bookings",
    "import_customers",
    "label",
    "mark_no_show",
    "match_customers",
    "matches",
    "may_book",
    "move_salon",
    "open_salon",
    "parse_criteria",
    "points_balance",
    "points_history",
    "points_statement",
    "profile_fields",
    "put_booking",
    "reassign_bookings",
    "rebuild_facts",
    "rebuild_search",
    "record_arrival",
    "record_payment",
    "record_sale",
    "redeem_points",
    "refund_sale",
    "remove_customer",
    "remove_note",
    "reopen_booking",
    "reschedule_booking",
    "restore_location",
    "restore_package",
    "restore_service",
    "restore_service_type",
    "restore_staff_member",
    "retire_location",
    "retire_package",
    "retire_service",
    "retire_service_type",
    "retire_staff_member",
    "reverse_entry",
    "to_document",
    "transfer_points",
    "unassigned_sales",
    "unblock_customer",
    "unclosed_bookings",
    "verify_audit",
    "verify_facts",
    "verify_ledger",
    "withdraw_package",
]

_HOMES: Final = {
    "domain.access": "DEFAULT_PERMISSIONS Actor Grant Permission PermissionTable Role Scope",
    "domain.audit": "AuditAction AuditEntry AuditHead AuditVerification",
    "domain.blocks": "AlertState Block BlockAlert",
    "domain.bookings": (
        "Answer Booking BookingAnswer BookingChange BookingMove BookingOrigin BookingStatus CancelledBy"
    ),
    "domain.catalogue": "Location Package Service ServiceType StaffMember",
    "domain.contact": "EmailAddress PhoneNumber",
    "domain.criteria": (
        "AllOf AnyOf Compare CustomerFilter Explanation Fact Figure HasBooking HasPackage InPeriod InTier Not OneOf "
        "Op Page RelativeDay Text matches parse_criteria"
    ),
    "domain.customers": "Address Customer CustomerRow FieldKind FormSection Gender ProfileFields Status",
    "domain.dates": "DateOrder PartialDate",
    "domain.duplicates": "Confidence CustomerMatch MatchReason",
    "domain.facts": "CustomerFacts",
    "domain.ids": "ExternalId",
    "domain.labels": "label",
    "domain.maintenance": "BackupReport Finding HealthReport MoveReport Trouble",
    "domain.money": "AmountLike Money",
    "domain.notes": "Note",
    "domain.packages": "HeldPackage PackageWay",
    "domain.rewards": (
        "EarnPer EarnRule Expiry LedgerFault LineShare LotPart OriginKind RewardAction RewardEntry RewardLot "
        "RewardOrigin RewardProgramme Rounding Tier"
    ),
    "domain.rewards.stated": "EarnRuleFields ExpiryFields ProgrammeFields TierFields",
    "domain.sales": (
        "AssignedPackage LineKind Payment PaymentStatus ProductBought Refund RefundedLine Sale SaleLine SaleStatus"
    ),
    "domain.sales.stated": "LineFields PaymentFields RefundFields",
    "domain.settings": "Settings",
    "domain.transfer.amounts": "DecimalSign",
    "domain.transfer.columns": "EXPORT_COLUMNS",
    "domain.transfer.planner": "TwinOf",
    "domain.transfer.reports": (
        "BookingImportReport ExportReport Family ImportProblem ImportReport ImportWarning MissingItem"
    ),
    "errors": (
        "Conflict DeliveryError InvalidDocument InvalidValue NotFound NotPermitted NotSupported RuleBroken "
        "SalonCrmError SchemaNewer SchemaOutdated StoreBusy StoreError TransactionLost UnknownCriterion"
    ),
    "opening": "from_document move_salon open_salon to_document",
    "ports.salon": "Salon",
    "use_cases.audit": "audit_head audit_trail verify_audit",
    "use_cases.blocks": (
        "block_alerts block_customer confirm_block_alert customer_blocks dismiss_block_alert get_block unblock_customer"
    ),
    "use_cases.bookings": (
        "Booked BookingFilter BookingMirrored BookingMoved BookingPage BookingRow Reassignment ReassignmentReport "
        "book booking_history cancel_booking complete_booking confirm_booking customer_bookings find_bookings "
        "get_booking import_bookings mark_no_show may_book put_booking reassign_bookings record_arrival "
        "reopen_booking reschedule_booking unclosed_bookings"
    ),
    "use_cases.catalogue": (
        "Catalogue Retirement add_location add_package add_service add_service_type add_staff_member catalogue "
        "edit_location edit_package edit_service edit_service_type edit_staff_member restore_location "
        "restore_package restore_service restore_service_type restore_staff_member retire_location retire_package "
        "retire_service retire_service_type retire_staff_member"
    ),
    "use_cases.criteria": "count_customers each_customer explain_match find_customers",
    "use_cases.customers": (
        "CustomerEdit CustomersFound Deactivation activate_customer add_customer deactivate_customer "
        "edit_customer forget_former get_customer get_customers remove_customer"
    ),
    "use_cases.duplicates": "FoundOrAdded find_or_add_customer match_customers",
    "use_cases.facts": "FactsRebuilt FactsVerification rebuild_facts verify_facts",
    "use_cases.maintenance": "back_up_salon check_health rebuild_search",
    "use_cases.notes": "add_note customer_notes edit_note remove_note",
    "use_cases.packages": "assign_package customer_packages withdraw_package",
    "use_cases.rewards": (
        "LedgerVerification PointsBalance PointsExpired PointsHistory PointsRow PointsStatement PointsTransferred "
        "add_points adjust_points backfill_points expire_points points_balance points_history points_statement "
        "redeem_points reverse_entry transfer_points verify_ledger"
    ),
    "use_cases.sales": (
        "SaleOutcome SalePage assign_sale cancel_sale complete_sale customer_products customer_sales get_sale "
        "record_payment record_sale refund_sale unassigned_sales"
    ),
    "use_cases.settings": "FormField change_settings get_settings profile_fields",
    "use_cases.transfer": "export_customers import_customers",
}
"""The module that each public name lives in: it is loaded when the name is first asked for, so that a concept nobody
uses costs nothing."""

_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name there is

    def __getattr__(name: str) -> Any:
        """Return a public name, from the module it lives in."""
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        thing = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return thing

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
