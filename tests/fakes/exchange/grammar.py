"""What a request has to look like: the parts of messages.xsd and types.xsd that the operations here use.

Exchange checks every request against its schema and refuses what does not fit with ErrorSchemaValidation, order of
elements included (Microsoft: "ResponseCode"; the page of each element tells its children and attributes). An element
is told by its name and by what it holds: a regular expression over the names of its children, in order.
"""

import re
from xml.etree.ElementTree import Element

from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.soap import invalid

FOLDER_ID = "(t:FolderId |t:DistinguishedFolderId )"
PATH = "(t:FieldURI |t:IndexedFieldURI |t:ExtendedFieldURI )"
COMPARED = f"{PATH}t:FieldURIOrConstant "
SEARCH = "|".join(
    f"t:{name} "
    for name in (
        "Contains", "Excludes", "Exists", "IsEqualTo", "IsNotEqualTo", "IsGreaterThan", "IsGreaterThanOrEqualTo",
        "IsLessThan", "IsLessThanOrEqualTo", "Not", "And", "Or",
    )
)  # fmt: skip
ITEM_IDS = "(t:ItemId |t:OccurrenceItemId |t:RecurringMasterItemId )+"
CHANGE = "t:Bias t:Time t:DayOrder t:Month t:DayOfWeek (t:Year )?"

CHILDREN = {
    "m:ConvertId": "m:SourceIds ",
    "m:SourceIds": "(t:AlternateId )+",
    "m:GetFolder": "m:FolderShape m:FolderIds ",
    "m:FolderShape": "t:BaseShape (t:AdditionalProperties )?",
    "m:FolderIds": f"{FOLDER_ID}+",
    "m:FindItem": "m:ItemShape (m:IndexedPageItemView |m:FractionalPageItemView |m:CalendarView |m:ContactsView )?"
    "(m:GroupBy )?(m:Restriction )?(m:SortOrder )?m:ParentFolderIds (m:QueryString )?",
    "m:ItemShape": "t:BaseShape (t:IncludeMimeContent )?(t:BodyType )?(t:AdditionalProperties )?",
    "t:AdditionalProperties": f"{PATH}+",
    "m:Restriction": f"({SEARCH})",
    "t:And": f"({SEARCH})+",
    "t:Or": f"({SEARCH})+",
    "t:Not": f"({SEARCH})",
    "t:Exists": PATH,
    "t:Contains": f"{PATH}t:Constant ",
    "t:FieldURIOrConstant": f"({PATH}|t:Constant )",
    **{f"t:Is{name}": COMPARED for name in ("EqualTo", "NotEqualTo", "GreaterThan", "GreaterThanOrEqualTo")},
    **{f"t:Is{name}": COMPARED for name in ("LessThan", "LessThanOrEqualTo")},
    "m:SortOrder": "(t:FieldOrder )+",
    "t:FieldOrder": PATH,
    "m:ParentFolderIds": f"{FOLDER_ID}+",
    "t:DistinguishedFolderId": "(t:Mailbox )?",
    "t:Mailbox": "(t:Name )?(t:EmailAddress )?(t:RoutingType )?(t:MailboxType )?(t:ItemId )?",
    "m:FindFolder": "m:FolderShape (m:IndexedPageFolderView |m:FractionalPageFolderView )?(m:Restriction )?"
    "m:ParentFolderIds ",
    "m:GetUserConfiguration": "m:UserConfigurationName m:UserConfigurationProperties ",
    "m:UserConfigurationName": FOLDER_ID,
    "m:GetItem": "m:ItemShape m:ItemIds ",
    "m:ItemIds": ITEM_IDS,
    "m:SyncFolderItems": "m:ItemShape m:SyncFolderId (m:SyncState )?(m:Ignore )?m:MaxChangesReturned (m:SyncScope )?",
    "m:SyncFolderId": FOLDER_ID,
    "m:Ignore": "(t:ItemId )+",
    "m:Subscribe": "(m:PullSubscriptionRequest |m:PushSubscriptionRequest |m:StreamingSubscriptionRequest )",
    "m:StreamingSubscriptionRequest": "(t:FolderIds )?t:EventTypes ",
    "m:PullSubscriptionRequest": "(t:FolderIds )?t:EventTypes (t:Watermark )?t:Timeout ",
    "m:PushSubscriptionRequest": "(t:FolderIds )?t:EventTypes (t:Watermark )?t:StatusFrequency t:URL ",
    "t:FolderIds": f"{FOLDER_ID}+",
    "t:EventTypes": "(t:EventType )+",
    "m:GetStreamingEvents": "m:SubscriptionIds m:ConnectionTimeout ",
    "m:SubscriptionIds": "(t:SubscriptionId )+",
    "m:Unsubscribe": "m:SubscriptionId ",
    "m:GetServerTimeZones": "(m:Ids )?",
    "m:Ids": "(t:Id )*",
    "m:ResolveNames": "(m:ParentFolderIds )?m:UnresolvedEntry ",
    "m:ExpandDL": "m:Mailbox ",
    "m:Mailbox": "(t:Name )?(t:EmailAddress )?(t:RoutingType )?(t:MailboxType )?(t:ItemId )?",
    "m:GetUserAvailabilityRequest": "t:TimeZone m:MailboxDataArray (t:FreeBusyViewOptions )?",
    "t:TimeZone": "t:Bias t:StandardTime t:DaylightTime ",
    "t:StandardTime": CHANGE,
    "t:DaylightTime": CHANGE,
    "m:MailboxDataArray": "(t:MailboxData )+",
    "t:MailboxData": "t:Email t:AttendeeType (t:ExcludeConflicts )?",
    "t:Email": "(t:Name )?t:Address (t:RoutingType )?",
    "t:FreeBusyViewOptions": "t:TimeWindow (t:MergedFreeBusyIntervalInMinutes )?(t:RequestedView )?",
    "t:TimeWindow": "t:StartTime t:EndTime ",
}
NEEDED = {
    "m:ConvertId": {"DestinationFormat"},
    "t:AlternateId": {"Format", "Id", "Mailbox"},
    "m:FindItem": {"Traversal"},
    "m:FindFolder": {"Traversal"},
    "m:IndexedPageFolderView": {"Offset", "BasePoint"},
    "m:UserConfigurationName": {"Name"},
    "m:CalendarView": {"StartDate", "EndDate"},
    "m:IndexedPageItemView": {"Offset", "BasePoint"},
    "t:FieldURI": {"FieldURI"},
    "t:IndexedFieldURI": {"FieldURI", "FieldIndex"},
    "t:Constant": {"Value"},
    "t:FieldOrder": {"Order"},
    "t:FolderId": {"Id"},
    "t:DistinguishedFolderId": {"Id"},
    "t:ItemId": {"Id"},
    "t:OccurrenceItemId": {"RecurringMasterId", "InstanceIndex"},
    "t:RecurringMasterItemId": {"OccurrenceId"},
}
ALLOWED = {
    "t:AlternateId": {"IsArchive"},
    "m:CalendarView": {"MaxEntriesReturned"},
    "m:IndexedPageItemView": {"MaxEntriesReturned"},
    "m:IndexedPageFolderView": {"MaxEntriesReturned"},
    "t:Contains": {"ContainmentMode", "ContainmentComparison"},
    "t:ExtendedFieldURI": {"DistinguishedPropertySetId", "PropertySetId", "PropertyTag", "PropertyName", "PropertyId",
                           "PropertyType"},
    "t:FolderId": {"ChangeKey"},
    "t:DistinguishedFolderId": {"ChangeKey"},
    "t:ItemId": {"ChangeKey"},
    "t:OccurrenceItemId": {"ChangeKey"},
    "t:RecurringMasterItemId": {"ChangeKey"},
    "m:GetServerTimeZones": {"ReturnFullTimeZoneData"},
    "m:ResolveNames": {"ReturnFullContactData", "SearchScope", "ContactDataShape"},
    "m:StreamingSubscriptionRequest": {"SubscribeToAllFolders"},
    "m:PullSubscriptionRequest": {"SubscribeToAllFolders"},
    "m:PushSubscriptionRequest": {"SubscribeToAllFolders"},
}  # fmt: skip
EVENTS = "CopiedEvent|CreatedEvent|DeletedEvent|ModifiedEvent|MovedEvent|NewMailEvent|FreeBusyChangedEvent"
CONTENT = {
    "t:BaseShape": "IdOnly|Default|AllProperties|PcxPeopleSearch",
    "t:EventType": EVENTS,
    "m:UserConfigurationProperties": "( ?(Id|Dictionary|XmlData|BinaryData|All))+",
    "m:MaxChangesReturned": r"0*([1-9]|[1-9]\d|[1-4]\d\d|50\d|51[0-2])",  # MaxSyncChangesReturnedType: 1 to 512
    "m:ConnectionTimeout": r"0*([1-9]|[12]\d|30)",  # StreamingSubscriptionConnectionTimeoutType: 1 to 30 minutes
    "t:Timeout": r"\d{1,4}",
    "t:RequestedView": "None|MergedOnly|FreeBusy|FreeBusyMerged|Detailed|DetailedMerged",
    "t:MailboxType": "Mailbox|PublicDL|PrivateDL|Contact|PublicFolder|Unknown|OneOff|GroupMailbox",
}
VALUES = {
    ("m:FindItem", "Traversal"): "Shallow|SoftDeleted|Associated",
    ("m:FindFolder", "Traversal"): "Shallow|Deep|SoftDeleted",
    ("m:CalendarView", "MaxEntriesReturned"): r"0*[1-9]\d*",
    **{
        (view, name): allowed
        for view in ("m:IndexedPageItemView", "m:IndexedPageFolderView")
        for name, allowed in {
            "MaxEntriesReturned": r"0*[1-9]\d*",
            "Offset": r"\d+",
            "BasePoint": "Beginning|End",
        }.items()
    },
    ("t:OccurrenceItemId", "InstanceIndex"): r"-?\d+",
    ("t:Contains", "ContainmentMode"): "FullString|Prefixed|Substring|PrefixOnWords|ExactPhrase",
    ("t:Contains", "ContainmentComparison"): "Exact|IgnoreCase|IgnoreNonSpacingCharacters|Loose|IgnoreCaseAndNonSpacing"
    "Characters|LooseAndIgnoreCase|LooseAndIgnoreNonSpace|LooseAndIgnoreCaseAndIgnoreNonSpace",
    ("t:IndexedFieldURI", "FieldURI"): r"item:InternetMessageHeader|contacts:(ImAddress|EmailAddress|PhoneNumber"
    r"|PhysicalAddress:(Street|City|State|CountryOrRegion|PostalCode))|distributionlist:Members:Member",
    ("t:FieldURI", "FieldURI"): r"(item|calendar|folder|contacts|distributionlist|message|meeting|meetingRequest|task"
    r"|postitem|conversation|persona):[A-Za-z]+",
}
SINCE = {  # "This element was introduced in …", on each one's page
    "m:GetServerTimeZones": "Exchange2010",
    "m:GetUserConfiguration": "Exchange2010",
    "m:GetStreamingEvents": "Exchange2010_SP1",
    "m:StreamingSubscriptionRequest": "Exchange2010_SP1",
    "m:SyncScope": "Exchange2010",
    "t:ExtendedProperty": "Exchange2007_SP1",
}


def check(operation: Element, behaviour: Behaviour) -> None:
    """Raise `Fault` (ErrorSchemaValidation) where a request is not as this version's schema says."""
    for part in operation.iter():
        _names(part, behaviour)
        inside = "".join(f"{child.tag} " for child in part)
        if not re.fullmatch(CHILDREN.get(part.tag, ""), inside):
            raise invalid(f"The element '{part.tag}' cannot hold '{inside}'.")
        missing = NEEDED.get(part.tag, set()) - part.attrib.keys()
        unknown = part.attrib.keys() - NEEDED.get(part.tag, set()) - ALLOWED.get(part.tag, set())
        if missing or unknown:
            raise invalid(f"The element '{part.tag}': attributes {sorted(missing or unknown)}.")
        if part.tag in CONTENT and not re.fullmatch(CONTENT[part.tag], (part.text or "").strip()):
            raise invalid(f"The '{part.tag}' element is invalid - the value '{part.text}' is invalid.")
        for name, value in part.attrib.items():
            if not re.fullmatch(VALUES.get((part.tag, name), r"[\s\S]*"), value):
                raise invalid(f"The '{name}' attribute is invalid - the value '{value}' is invalid.")


def _names(part: Element, behaviour: Behaviour) -> None:
    since = SINCE.get(part.tag)
    if (since and not behaviour.since(since)) or not behaviour.knows(part.get("FieldURI", "")):
        raise invalid(f"The element '{part.tag}' is not known to this version.")
