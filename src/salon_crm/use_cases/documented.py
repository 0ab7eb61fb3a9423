"""Every class of which a use case returns an object: what `salon_crm.to_document` takes."""

from typing import Final

from salon_crm.domain.audit import AuditEntry, AuditHead, AuditVerification
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import Booking, BookingAnswer, BookingChange
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.criteria import Explanation, Page
from salon_crm.domain.customers import Customer, CustomerRow
from salon_crm.domain.duplicates import CustomerMatch
from salon_crm.domain.maintenance import BackupReport, HealthReport
from salon_crm.domain.notes import Note
from salon_crm.domain.packages import HeldPackage
from salon_crm.domain.rewards import RewardEntry
from salon_crm.domain.sales import AssignedPackage, ProductBought, Sale
from salon_crm.domain.settings import Settings
from salon_crm.domain.transfer.reports import BookingImportReport, ExportReport, ImportReport
from salon_crm.use_cases.bookings import Booked, BookingMirrored, BookingMoved, BookingPage, ReassignmentReport
from salon_crm.use_cases.catalogue import Catalogue, Retirement
from salon_crm.use_cases.customers import CustomerEdit, CustomersFound, Deactivation
from salon_crm.use_cases.duplicates import FoundOrAdded
from salon_crm.use_cases.facts import FactsRebuilt, FactsVerification
from salon_crm.use_cases.rewards import (
    LedgerVerification,
    PointsBalance,
    PointsExpired,
    PointsHistory,
    PointsStatement,
    PointsTransferred,
)
from salon_crm.use_cases.sales import SaleOutcome, SalePage
from salon_crm.use_cases.settings import FormField

DOCUMENTED: Final = (
    AssignedPackage,
    AuditEntry,
    AuditHead,
    AuditVerification,
    BackupReport,
    Block,
    BlockAlert,
    Booked,
    Booking,
    BookingAnswer,
    BookingChange,
    BookingImportReport,
    BookingMirrored,
    BookingMoved,
    BookingPage,
    Catalogue,
    Customer,
    CustomerEdit,
    CustomerMatch,
    CustomerRow,
    CustomersFound,
    Deactivation,
    Explanation,
    ExportReport,
    FactsRebuilt,
    FactsVerification,
    FormField,
    FoundOrAdded,
    HealthReport,
    HeldPackage,
    ImportReport,
    LedgerVerification,
    Location,
    Note,
    Package,
    Page,
    PointsBalance,
    PointsExpired,
    PointsHistory,
    PointsStatement,
    PointsTransferred,
    ProductBought,
    ReassignmentReport,
    Retirement,
    RewardEntry,
    Sale,
    SaleOutcome,
    SalePage,
    Service,
    ServiceType,
    Settings,
    StaffMember,
)
