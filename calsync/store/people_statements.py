"""The statements about people, as calsync.store.statements has those about accounts."""

from __future__ import annotations

PERSON = "SELECT id, name, role, password, object_id, created FROM person"
ALL = f"{PERSON} ORDER BY key"
NAMED = f"{PERSON} WHERE key = :key"
BY_ID = f"{PERSON} WHERE id = :person"
OF_MICROSOFT = f"{PERSON} WHERE tenant_id = :tenant_id AND object_id = :object_id"
REMOVE = "DELETE FROM person WHERE id = :person"

NEW_PERSON = """
INSERT INTO person (name, key, role, created) VALUES (:name, :key, coalesce(:role, 'user'), :now)
"""
SET_ROLE = "UPDATE person SET role = coalesce(:role, role) WHERE key = :key"
ADMINISTRATORS = "SELECT count(*) FROM person WHERE role = 'administrator'"
PUT_INVITATION = """
INSERT INTO invitation VALUES (:person, :hash, :until)
ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, until = excluded.until
"""
INVITED = f"{PERSON} JOIN invitation ON person = id WHERE hash = :hash AND until > :now"
TAKEN = "SELECT 1 FROM person WHERE tenant_id = :tenant_id AND object_id = :object_id AND id <> :person"
SET_SIGN_IN = """
UPDATE person SET password = :password, tenant_id = :tenant_id, object_id = :object_id WHERE id = :person
"""
SET_PASSWORD = "UPDATE person SET password = :password WHERE id = :person"  # noqa: S105 - a statement
END_TOKENS = "DELETE FROM api_token WHERE person = :person"
END_ALL = (
    "DELETE FROM invitation WHERE person = :person",
    "DELETE FROM session WHERE person = :person",
    END_TOKENS,
)

NEW_SESSION = "INSERT INTO session VALUES (:hash, :person, :now, :now)"
SESSION = """
SELECT id, name, role, password, object_id, created, began, seen FROM person
JOIN session ON person = id WHERE hash = :hash
"""
TOUCH_SESSION = "UPDATE session SET seen = :now WHERE hash = :hash"
END_SESSION = "DELETE FROM session WHERE hash = :hash"
END_OTHER_SESSIONS = "DELETE FROM session WHERE person = :person AND hash <> :keep"
EXPIRE_SESSIONS = "DELETE FROM session WHERE began < :expired"

ADD_TOKEN = """
INSERT INTO api_token (person, name, hash, created) SELECT :person, :name, :hash, :now
WHERE (SELECT count(*) FROM api_token WHERE person = :person) < :most
RETURNING id
"""  # noqa: S105 - a statement
TOKENS = "SELECT id, name, created FROM api_token WHERE person = :person ORDER BY id"
OF_TOKEN = f"{PERSON} WHERE id = (SELECT person FROM api_token WHERE hash = :hash)"  # noqa: S608
REVOKE_TOKEN = "DELETE FROM api_token WHERE id = :token AND person = :person RETURNING name"  # noqa: S105 - as above

_LEFT = "(SELECT calendar FROM side WHERE side.account = ownership.account AND side = 'left')"
_RIGHT = "(SELECT calendar FROM side WHERE side.account = ownership.account AND side = 'right')"
# A calendar that is not known yet, on either hand, is no other one.
_SAME = f"coalesce(left_calendar = {_LEFT}, TRUE) AND coalesce(right_calendar = {_RIGHT}, TRUE)"
_UNBOUND = f"(left_calendar IS NULL AND {_LEFT} IS NOT NULL) OR (right_calendar IS NULL AND {_RIGHT} IS NOT NULL)"
GIVE = """
INSERT INTO ownership VALUES (
    :person,
    :account,
    (SELECT calendar FROM side WHERE account = :account AND side = 'left'),
    (SELECT calendar FROM side WHERE account = :account AND side = 'right')
)
ON CONFLICT (person, account) DO UPDATE
SET left_calendar = excluded.left_calendar, right_calendar = excluded.right_calendar
"""
TAKE = "DELETE FROM ownership WHERE person = :person AND account = :account"
OWNED = f"SELECT account, {_UNBOUND} AS unbound FROM ownership WHERE person = :person AND {_SAME}"  # noqa: S608
OWNERS = f"SELECT person, account FROM ownership WHERE {_SAME} ORDER BY account"  # noqa: S608 - all from this module
OWNER_NAMES = f"""
SELECT account, name FROM ownership JOIN person ON person.id = person
WHERE account IN (SELECT value FROM json_each(:accounts)) AND {_SAME} ORDER BY account, key
"""  # noqa: S608 - all from this module
FOUND = f"""
SELECT account FROM ownership JOIN person ON person.id = person WHERE instr(key, :part) > 0 AND {_SAME}
"""  # noqa: S608 - all from this module
BIND = f"""
UPDATE ownership
SET left_calendar = coalesce(left_calendar, {_LEFT}), right_calendar = coalesce(right_calendar, {_RIGHT})
WHERE person = :person
"""  # noqa: S608 - all from this module

RESTORED = ("DELETE FROM invitation", "DELETE FROM session", "DELETE FROM api_token")
"""What a backup would bring back although it was given up since."""
