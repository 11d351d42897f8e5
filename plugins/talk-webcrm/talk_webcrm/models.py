"""webCRM's records as the connector reads them, and what the API can do with them.

The fields are the API's, but for those that say that they are ours: what webCRM keeps in several
records, or in one text, is put together and told apart where records come in (`shapes`).
"""

# The names of the fields are the API's.

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NewType

from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel
from talk_webcrm.settings import CrmSettings

__all__ = [
    "KINDS",
    "TOGETHER",
    "Kind",
    "Opportunities",
    "Organisations",
    "Persons",
    "Products",
    "Time",
    "entities",
    "marker_of",
]

TOGETHER = 20
"""Records that are changed in one request: as many as one script looks at."""
Time = NewType("Time", str)
"""A moment, with an offset that varies."""
Text = str | None
Amount = int | Decimal | None


class Kind:
    """Where a record type is in the API.

    Attributes:
        path: its collection.
        prefix: what the names of its fields begin with.
        table: its table in `/Queries`; none is known for lines and products.
    """

    def __init__(self, path: str, prefix: str, table: str = "") -> None:
        """Keep the words."""
        self.path = path
        self.prefix = prefix
        self.table = table

    @property
    def id(self) -> str:
        """The field with the id."""
        return f"{self.prefix}Id"

    @property
    def updated(self) -> str:
        """The field with the time of the last change."""
        return f"{self.prefix}UpdatedAt"


KINDS = {
    "Organisations": Kind("/Organisations", "Organisation", "Organisation"),
    "Persons": Kind("/Persons", "Person", "Person"),
    "Opportunities": Kind("/Opportunities", "Opportunity", "Opportunity"),
    "Quotationline": Kind("/QuotationLines", "QuotationLine"),
    "Catalogue": Kind("/QuotationLines/LinkedData", "QuotationLineLinkedDataItem"),
    "Products": Kind("/Products", "Product"),
}


class Country(WireModel):
    """A country by name and ISO code."""

    Name: Text = None
    CodeISO: Text = None


class PersonPart(WireModel):
    """The person of an organisation with the lowest id: a part of the customer."""

    PersonId: int | None = None
    PersonFirstName: Text = None
    PersonLastName: Text = None
    PersonEmail: Text = None
    PersonMobilePhone: Text = None


class Organisations(WireModel):
    """A company, with its main person.

    Ours are `MainPerson`, `ChangedAt` (when either of them changed), `Kind`, and the two lines of
    each address: webCRM has them in one text.
    """

    OrganisationId: int
    OrganisationName: Text = None
    OrganisationVatNumber: Text = None
    OrganisationTelephone: Text = None
    OrganisationFax: Text = None
    OrganisationWww: Text = None
    OrganisationCompanyDescription: Text = None
    OrganisationCurrencyName: Text = None
    OrganisationStatus: Text = None
    OrganisationAddressLine1: Text = None
    OrganisationAddressLine2: Text = None
    OrganisationPostCode: Text = None
    OrganisationCity: Text = None
    OrganisationState: Text = None
    OrganisationCountry: Text = None
    OrganisationCountryData: Country | None = None
    OrganisationDeliveryAddressLine1: Text = None
    OrganisationDeliveryAddressLine2: Text = None
    OrganisationDeliveryPostCode: Text = None
    OrganisationDeliveryCity: Text = None
    OrganisationDeliveryState: Text = None
    OrganisationCreatedAt: Time | None = None
    ChangedAt: Time
    Kind: Text = None
    MainPerson: PersonPart | None = None


class Persons(WireModel):
    """A further person of an organisation, or one of none."""

    PersonId: int
    PersonOrganisationId: int | None = None
    PersonFirstName: Text = None
    PersonLastName: Text = None
    PersonEmail: Text = None
    PersonDirectPhone: Text = None
    PersonMobilePhone: Text = None
    PersonTitle: Text = None
    PersonStatus: Text = None
    PersonCreatedAt: Time | None = None
    PersonUpdatedAt: Time


class Products(WireModel):
    """What is sold: an item of the catalogue, or a product registered on an organisation.

    Ours are `Number`, `Name` and `Unit`: in which fields they are, the settings say.
    """

    QuotationLineLinkedDataItemId: int | None = None
    QuotationLineLinkedDataItemDataMemo: Text = None
    QuotationLineLinkedDataItemPrice: Amount = None
    QuotationLineLinkedDataItemCostPrice: Amount = None
    QuotationLineLinkedDataItemVatCode: Text = None
    ProductId: int | None = None
    ProductMemo: Text = None
    ProductPrice: Amount = None
    ProductCostPrice: Amount = None
    ProductQuantity: Amount = None
    ProductVatCode: Text = None
    Number: Text = None
    Name: Text = None
    Unit: Text = None


class Quotationline(WireModel):
    """A line of an opportunity, a record of its own in webCRM.

    Ours are `Product`, the id of the product with the line's number, and `Number` and `Name`.
    """

    QuotationLineId: int
    QuotationLineQuantity: Amount = None
    QuotationLinePrice: Amount = None
    QuotationLineCostPrice: Amount = None
    QuotationLineDiscount: Amount = None
    QuotationLineVatPercentage: Amount = None
    Product: int | None = None
    Number: Text = None
    Name: Text = None


class Opportunities(WireModel):
    """What is to be sold, or was.

    Ours is `Quotationlines`, in the order of the lines; not said while they are being created.
    """

    OpportunityId: int
    OpportunityOrganisationId: int | None = None
    OpportunityNumber: Text = None
    OpportunityDescription: Text = None
    OpportunityNote: Text = None
    OpportunityCurrencyName: Text = None
    OpportunityCurrencySymbol: Text = None
    OpportunityDiscount: Amount = None
    OpportunityLevel: int | None = None
    OpportunityOrderDate: Time | None = None
    OpportunityCreatedAt: Time | None = None
    OpportunityUpdatedAt: Time
    Quotationlines: tuple[Quotationline, ...] = ()


def marker_of(settings: CrmSettings, entity: str) -> str:
    """The custom field that is ours."""
    return f"{KINDS[entity].prefix}Custom{settings.marker}"


def entities(settings: CrmSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    lag, reread = timedelta(seconds=settings.lag_s), timedelta(hours=settings.reread_h)
    catalogue = settings.products == "catalogue"
    # Where lists are behind they cannot tell who was faster than a batch.
    batch = 1 if lag else TOGETHER

    return (
        Entity(
            Organisations, id="OrganisationId", modified=Stamp("ChangedAt"),
            created=Stamp("OrganisationCreatedAt"), incremental=True,
            lag=lag, reread=reread, marker=marker_of(settings, "Organisations"),
            find=frozenset({"OrganisationVatNumber"}), batch=batch, get_batch=10,
            deletes="listing",
        ),
        Entity(
            Persons, id="PersonId", modified=Stamp("PersonUpdatedAt"),
            created=Stamp("PersonCreatedAt"), incremental=True, lag=lag, reread=reread,
            marker=marker_of(settings, "Persons"), batch=batch, get_batch=10,
            deletes="listing",
        ),
        Entity(
            Products, id=KINDS["Catalogue" if catalogue else "Products"].id, lag=lag,
            unique=("number",), batch=1 if catalogue else batch, get_batch=10, delete=True,
            deletes="listing",
        ),
        Entity(
            Opportunities, id="OpportunityId", modified=Stamp("OpportunityUpdatedAt"),
            created=Stamp("OpportunityCreatedAt"), lag=lag,
            marker=marker_of(settings, "Opportunities"), get_batch=10, deletes="listing",
        ),
    )  # fmt: skip
