from calsync_sandbox.mail import Mail, MailLog


def test_one_notification_to_two_people_is_two_mails() -> None:
    log = MailLog()
    log.record("graph", "anna@example.de", "e1", "invitation", ["x@example.de", "y@example.de"])
    log.record("graph", "anna@example.de", "e1", "cancellation", [])
    assert log.count == 2
    assert log.sent[1] == Mail("graph", "anna@example.de", "e1", "invitation", "y@example.de")
