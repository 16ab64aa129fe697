"""Which children an element may have, and in which order: what types.xsd and messages.xsd say of what is served.

A type is a row of names in their order: `!` must be there, `*` may be repeated, `a|b` one of both, `:Type` names
the type of its own children. What has no type has no children; `:?` is not looked into. Operations are types of
their own name.
"""

from __future__ import annotations

_FOLDERS = "FolderId*|DistinguishedFolderId:DistinguishedFolderId*"
_ITEM_IDS = "ItemId|OccurrenceItemId|RecurringMasterItemId*"
_PATH = "FieldURI|IndexedFieldURI|ExtendedFieldURI"
_ITEM = "CalendarItem:CalendarItem|Item:CalendarItem"
_TEST = (
    "IsEqualTo:Comparison|IsNotEqualTo:Comparison|IsGreaterThan:Comparison|IsGreaterThanOrEqualTo:Comparison"
    "|IsLessThan:Comparison|IsLessThanOrEqualTo:Comparison|Exists:Exists|Contains:Contains|Excludes:Excludes"
    "|Not:Restriction|And:Tests|Or:Tests"
)
_RANGE = "NoEndRecurrence:NoEndRange|EndDateRecurrence:EndDateRange|NumberedRecurrence:NumberedRange!"

TYPES: dict[str, str] = {
    "SyncFolderItems": "ItemShape:ItemShape! SyncFolderId:TargetFolder! SyncState Ignore:IgnoredIds "
    "MaxChangesReturned! SyncScope",
    "GetItem": "ItemShape:ItemShape! ItemIds:ItemIds!",
    "FindItem": "ItemShape:ItemShape! IndexedPageItemView|FractionalPageItemView|CalendarView|ContactsView "
    "GroupBy:?|DistinguishedGroupBy:? Restriction:Restriction SortOrder:SortOrder ParentFolderIds:Folders! "
    "QueryString",
    "CreateItem": "SavedItemFolderId:TargetFolder Items:Items!",
    "UpdateItem": "SavedItemFolderId:TargetFolder ItemChanges:ItemChanges!",
    "DeleteItem": "ItemIds:ItemIds!",
    "MoveItem": "ToFolderId:TargetFolder! ItemIds:ItemIds! ReturnNewItemIds",
    "GetFolder": "FolderShape:FolderShape! FolderIds:Folders!",
    "FindFolder": "FolderShape:FolderShape! IndexedPageFolderView|FractionalPageFolderView "
    "Restriction:Restriction ParentFolderIds:Folders!",
    "ConvertId": "SourceIds:AlternateIds!",
    "GetServerTimeZones": "Ids:Ids",
    "Subscribe": "PullSubscriptionRequest:?|PushSubscriptionRequest:?|StreamingSubscriptionRequest:Streaming!",
    "GetStreamingEvents": "SubscriptionIds:SubscriptionIds! ConnectionTimeout!",
    "Unsubscribe": "SubscriptionId!",
    "ItemShape": "BaseShape! IncludeMimeContent BodyType UniqueBodyType NormalizedBodyType FilterHtmlContent "
    "ConvertHtmlCodePageToUTF8 InlineImageUrlTemplate BlockExternalImages AddBlankTargetToLinks MaximumBodySize "
    "AdditionalProperties:Paths",
    "FolderShape": "BaseShape! AdditionalProperties:Paths",
    "Paths": _PATH + "*!",
    "TargetFolder": "FolderId|DistinguishedFolderId:DistinguishedFolderId!",
    "Folders": _FOLDERS + "!",
    "DistinguishedFolderId": "Mailbox:Mailbox",
    "Mailbox": "Name EmailAddress RoutingType MailboxType ItemId OriginalDisplayName",
    "ItemIds": _ITEM_IDS + "!",
    "IgnoredIds": _ITEM_IDS,
    "Ids": "Id*!",
    "AlternateIds": "AlternateId|AlternatePublicFolderId|AlternatePublicFolderItemId*!",
    "SubscriptionIds": "SubscriptionId*!",
    "Streaming": "FolderIds:Folders EventTypes:EventTypes!",
    "EventTypes": "EventType*!",
    "Restriction": _TEST + "!",
    "Comparison": _PATH + "! FieldURIOrConstant:FieldOrConstant!",
    "FieldOrConstant": _PATH + "|Constant!",
    "Tests": _TEST + "*!",
    "Exists": _PATH + "!",
    "Contains": _PATH + "! Constant!",
    "Excludes": _PATH + "! Bitmask!",
    "SortOrder": "FieldOrder:FieldOrder*!",
    "FieldOrder": _PATH + "!",
    "Items": _ITEM + "*!",
    "ItemChanges": "ItemChange:ItemChange*!",
    "ItemChange": "ItemId|OccurrenceItemId|RecurringMasterItemId! Updates:Updates! CalendarActivityData:?",
    "Updates": "AppendToItemField:SetField|SetItemField:SetField|DeleteItemField:DeleteField*",
    "SetField": f"{_PATH}! {_ITEM}!",
    "DeleteField": _PATH + "!",
    "CalendarItem": "MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments:? "
    "DateTimeReceived Size Categories:Strings Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend "
    "IsUnmodified InternetMessageHeaders:? DateTimeSent DateTimeCreated ResponseObjects:? ReminderDueBy "
    "ReminderIsSet ReminderNextTime ReminderMinutesBeforeStart DisplayCc DisplayTo DisplayBcc HasAttachments "
    "ExtendedProperty:ExtendedProperty* Culture EffectiveRights:? LastModifiedName LastModifiedTime IsAssociated "
    "WebClientReadFormQueryString WebClientEditFormQueryString ConversationId:? UniqueBody Flag:? StoreEntryId "
    "InstanceKey NormalizedBody EntityExtractionResult:? PolicyTag ArchiveTag RetentionDate Preview UID "
    "RecurrenceId DateTimeStamp Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When "
    "IsMeeting IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType "
    "Organizer:SingleRecipient RequiredAttendees:Attendees OptionalAttendees:Attendees Resources:Attendees "
    "ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings:? AdjacentMeetings:? Duration TimeZone "
    "AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence:Recurrence FirstOccurrence:? "
    "LastOccurrence:? ModifiedOccurrences:? DeletedOccurrences:? MeetingTimeZone:? StartTimeZone:? EndTimeZone:? "
    "ConferenceType AllowNewTimeProposal IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl EnhancedLocation:? "
    "StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IntendedFreeBusyStatus JoinOnlineMeetingUrl "
    "OnlineMeetingSettings:? IsOrganizer",
    "Strings": "String*",
    "ExtendedProperty": "ExtendedFieldURI! Value|Values:Values!",
    "Values": "Value*!",
    "SingleRecipient": "Mailbox:Mailbox!",
    "Attendees": "Attendee:Attendee*!",
    "Attendee": "Mailbox:Mailbox! ResponseType LastResponseTime ProposedStart ProposedEnd",
    "Recurrence": "RelativeYearlyRecurrence:RelativeYearly|AbsoluteYearlyRecurrence:AbsoluteYearly"
    "|RelativeMonthlyRecurrence:RelativeMonthly|AbsoluteMonthlyRecurrence:AbsoluteMonthly"
    f"|WeeklyRecurrence:Weekly|DailyRecurrence:Daily! {_RANGE}",
    "RelativeYearly": "DaysOfWeek! DayOfWeekIndex! Month!",
    "AbsoluteYearly": "DayOfMonth! Month!",
    "RelativeMonthly": "Interval! DaysOfWeek! DayOfWeekIndex!",
    "AbsoluteMonthly": "Interval! DayOfMonth!",
    "Weekly": "Interval! DaysOfWeek! FirstDayOfWeek",
    "Daily": "Interval!",
    "NoEndRange": "StartDate!",
    "EndDateRange": "StartDate! EndDate!",
    "NumberedRange": "StartDate! NumberOfOccurrences!",
}

_INVITE = "SendToNone|SendOnlyToAll|SendToAllAndSaveCopy"
_DISPOSITION = "SaveOnly|SendOnly|SendAndSaveCopy"
_BOOLEAN = "true|false|0|1"
_NUMBER = r"\d{1,9}"
_DATE_TIME = r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"
ATTRIBUTES: dict[str, dict[str, str]] = {
    "CreateItem": {"MessageDisposition": _DISPOSITION, "SendMeetingInvitations": _INVITE},
    "UpdateItem": {
        "ConflictResolution!": "NeverOverwrite|AutoResolve|AlwaysOverwrite",
        "MessageDisposition": _DISPOSITION,
        "SendMeetingInvitationsOrCancellations": _INVITE + "|SendOnlyToChanged|SendToChangedAndSaveCopy",
        "SuppressReadReceipts": _BOOLEAN,
    },
    "DeleteItem": {
        "DeleteType!": "HardDelete|SoftDelete|MoveToDeletedItems",
        "SendMeetingCancellations": _INVITE,
        "AffectedTaskOccurrences": "AllOccurrences|SpecifiedOccurrenceOnly",
        "SuppressReadReceipts": _BOOLEAN,
    },
    "FindItem": {"Traversal!": "Shallow|SoftDeleted|Associated"},
    "FindFolder": {"Traversal!": "Shallow|Deep|SoftDeleted"},
    "GetServerTimeZones": {"ReturnFullTimeZoneData": _BOOLEAN},
    "ConvertId": {"DestinationFormat!": "EwsLegacyId|EwsId|EntryId|HexEntryId|StoreId|OwaId"},
    "SyncFolderItems": {},
    "GetItem": {},
    "MoveItem": {},
    "GetFolder": {},
    "Subscribe": {},
    "GetStreamingEvents": {},
    "Unsubscribe": {},
    "IndexedPageItemView": {"MaxEntriesReturned": _NUMBER, "Offset!": _NUMBER, "BasePoint!": "Beginning|End"},
    "CalendarView": {"MaxEntriesReturned": _NUMBER, "StartDate!": _DATE_TIME, "EndDate!": _DATE_TIME},
    "ItemId": {"Id!": ".*", "ChangeKey": ".*"},
    "OccurrenceItemId": {"RecurringMasterId!": ".*", "ChangeKey": ".*", "InstanceIndex!": r"-?\d{1,9}"},
    "RecurringMasterItemId": {"OccurrenceId!": ".*", "ChangeKey": ".*"},
    "AlternateId": {"Format!": r"\w+", "Id!": ".*", "Mailbox!": ".+", "IsArchive": _BOOLEAN},
    "Constant": {"Value!": ".*"},
    "ExtendedFieldURI": {
        "DistinguishedPropertySetId": r"[A-Za-z]+",
        "PropertySetId": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "PropertyTag": r"0[xX][0-9A-Fa-f]{1,4}|\d{1,5}",
        "PropertyName": ".*",
        "PropertyId": r"-?\d{1,9}",
        "PropertyType!": r"[A-Z][A-Za-z0-9]+",
    },
    "FieldOrder": {"Order!": "Ascending|Descending"},
    "FieldURI": {"FieldURI!": r"\w+:\w+"},
    "Body": {"BodyType!": "HTML|Text", "IsTruncated": _BOOLEAN},
    "FolderId": {"Id!": ".*", "ChangeKey": ".*"},
    "DistinguishedFolderId": {"Id!": r"[a-z]+", "ChangeKey": ".*"},
}
"""Element -> attribute (`!`: it must be there) -> a regular expression that its whole value matches.

Elements that are not named are not looked at.
"""

_DATE = r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?"
VALUES: dict[str, str] = {
    "BaseShape": "IdOnly|Default|AllProperties",
    "BodyType": "Best|HTML|Text",
    "IncludeMimeContent": _BOOLEAN,
    "MaxChangesReturned": r"0*([1-9]|[1-9]\d|[1-4]\d\d|50\d|51[0-2])",
    "SyncScope": "NormalItems|NormalAndAssociatedItems",
    "ConnectionTimeout": r"0*([1-9]|[12]\d|30)",
    "EventType": "(NewMail|Copied|Created|Deleted|Modified|Moved|FreeBusyChanged)Event",
    "Sensitivity": "Normal|Personal|Private|Confidential",
    "Importance": "Low|Normal|High",
    "ReminderIsSet": _BOOLEAN,
    "ReminderMinutesBeforeStart": r"\d{1,10}",
    "Start": _DATE_TIME,
    "End": _DATE_TIME,
    "IsAllDayEvent": _BOOLEAN,
    "LegacyFreeBusyStatus": "Free|Tentative|Busy|OOF|WorkingElsewhere|NoData",
    "IsResponseRequested": _BOOLEAN,
    "StartDate": _DATE,
    "EndDate": _DATE,
    "NumberOfOccurrences": r"[1-9]\d*",
    "Interval": r"[1-9]\d{0,2}",
    "DayOfMonth": r"[1-9]|[12]\d|3[01]",
    "DayOfWeekIndex": "First|Second|Third|Fourth|Last",
    "Month": "January|February|March|April|May|June|July|August|September|October|November|December",
}
"""Element -> a regular expression that its whole text matches."""
