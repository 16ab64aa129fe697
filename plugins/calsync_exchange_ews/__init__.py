"""The provider `exchange_ews`: calendars of an Exchange Server, through Exchange Web Services."""
