// Microsoft's JavaScript client plays one story on a mailbox and prints what it saw as one JSON object.
// Arguments: Graph's address without the version (it must be https), access token, mailbox, story.
const { BatchRequestContent, BatchResponseContent, Client, PageIterator } = require("@microsoft/microsoft-graph-client");

const FOREIGN_ID = "String {c11ff724-aa03-4555-9952-8fa248a11c3e} Name calsync-foreign-id";
const ZONE = "W. Europe Standard Time";
const PREFERENCES = `IdType="ImmutableId", outlook.timezone="${ZONE}", outlook.body-content-type="text"`;
const PAGED = `${PREFERENCES}, odata.maxpagesize=2`;
const MARCH = { startDateTime: "2026-03-01T00:00:00Z", endDateTime: "2026-04-01T00:00:00Z" };

class Story {
  constructor(url, token, address) {
    const authProvider = (done) => done(null, token);
    const customHosts = new Set([new URL(url).hostname]);
    this.client = Client.init({ baseUrl: url, defaultVersion: "v1.0", authProvider, customHosts });
    this.base = `/users/${address}`;
  }

  // Create, read, search, change and delete one event.
  async events() {
    const made = await this.ask("/events").post(draft("Besichtigung"));
    const again = await this.ask("/events").post(draft("Besichtigung"));
    const path = `/events/${made.id}`;
    const read = await this.ask(path)
      .select(["subject", "start", "body"])
      .expand(`singleValueExtendedProperties($filter=id eq '${FOREIGN_ID}')`)
      .get();
    const stale = await refusal(this.ask(path).header("If-Match", 'W/"alt"').patch({ subject: "nie" }));
    const changed = await this.ask(path).header("If-Match", made["@odata.etag"]).patch({ subject: "verschoben" });
    const hits = [(await this.find("ff:1")).length, (await this.find("ff:2")).length];
    await this.ask(path).delete();
    return {
      read: [read.subject, read.start.dateTime, read.start.timeZone, read.body.content, read.location ?? null],
      property: read.singleValueExtendedProperties.map((one) => one.value),
      stale,
      changed: changed.subject,
      hits,
      same: again.id === made.id,
      gone: await refusal(this.ask(path).get()),
    };
  }

  // Follow the change feed, in pages of two, over a creation, a change and two deletions.
  async changes() {
    const first = await this.round(this.ask("/calendarView/delta", PAGED).query(MARCH));
    const known = Object.fromEntries(first.told);
    await this.ask("/events").post(draft("neu"));
    await this.ask(`/events/${known["1"]}`).patch({ subject: "anders" });
    for (const subject of ["2", "3"]) await this.ask(`/events/${known[subject]}`).delete();
    const second = await this.round(this.client.api(first.link).header("Prefer", PAGED));
    const third = await this.round(this.client.api(second.link).header("Prefer", PAGED));
    const names = Object.fromEntries(first.told.map(([subject, id]) => [id, subject]));
    return {
      first: Object.keys(known).sort(),
      second: second.told.map(([subject, id]) => subject ?? `-${names[id]}`).sort(),
      third: third.told,
    };
  }

  // Come back with a deltaLink that the server has forgotten, and begin anew.
  async expired() {
    const begin = () => this.round(this.ask("/calendarView/delta").query(MARCH));
    const first = await begin();
    const lost = await refusal(this.client.api(first.link).header("Prefer", PREFERENCES).get());
    const again = await begin();
    const same = JSON.stringify(again.told) === JSON.stringify(first.told);
    return { lost, again: again.told.map(([subject]) => subject), same };
  }

  // Create a series and a day in one calendar, and list its occurrences in pages of two.
  async view() {
    const calendars = (await this.ask("/calendars").get()).value;
    const path = `/calendars/${calendars.find((one) => one.name === "Privat").id}`;
    for (const body of [series(), day()]) await this.ask(`${path}/events`).post(body);
    const found = [];
    const hear = (one) => found.push([one.subject, one.type, one.start.dateTime.slice(0, 16), one.isAllDay]) > 0;
    const listing = this.ask(`${path}/calendarView`).query(MARCH).top(2).select("subject,type,start,isAllDay");
    const headers = { Prefer: PREFERENCES };
    await new PageIterator(this.client, await listing.get(), hear, { headers }).iterate();
    return found;
  }

  // Translate the default id of the only event, and read it by its immutable one.
  async ids() {
    const [event] = (await this.client.api(`${this.base}/events`).get()).value;
    const body = { inputIds: [event.id], sourceIdType: "restId", targetIdType: "restImmutableEntryId" };
    const [translated] = (await this.ask("/translateExchangeIds").post(body)).value;
    const same = await this.ask(`/events/${translated.targetId}`).get();
    return { other: translated.targetId !== event.id, same: same.id === translated.targetId };
  }

  // Create two events, and read one that is not there, in one request.
  async batch() {
    const headers = { "Content-Type": "application/json", Prefer: PREFERENCES };
    const url = `https://graph.microsoft.com${this.base}/events`;
    const steps = ["0", "1"].map((id) => {
      const body = JSON.stringify(draft(id));
      return { id, request: new Request(url, { method: "POST", headers, body }) };
    });
    steps.push({ id: "2", request: new Request(`${url}/AAMkAHN0cmVldHxJZ25vcmU=`, { headers }) });
    const content = await new BatchRequestContent(steps).getContent();
    const answers = new BatchResponseContent(await this.client.api("/$batch").post(content));
    const statuses = {};
    for (const [id, response] of answers.getResponses()) statuses[id] = response.status;
    return statuses;
  }

  // Create, change, read and delete one event.
  async throttled() {
    const made = await this.ask("/events").post(draft("Andrang"));
    const path = `/events/${made.id}`;
    await this.ask(path).patch({ subject: "Andrang vorbei" });
    const seen = await this.ask(path).get();
    await this.ask(path).delete();
    return seen.subject;
  }

  ask(path, preferences = PREFERENCES) {
    return this.client.api(this.base + path).header("Prefer", preferences);
  }

  async find(value) {
    const filter = `singleValueExtendedProperties/Any(ep: ep/id eq '${FOREIGN_ID}' and ep/value eq '${value}')`;
    return (await this.ask("/events").filter(filter).get()).value;
  }

  // Let the client's own iterator follow a round: subject (null: removed) and id of every entity, and the deltaLink.
  async round(request) {
    const told = [];
    const hear = (one) => told.push(["@removed" in one ? null : one.subject, one.id]) > 0;
    const pages = new PageIterator(this.client, await request.get(), hear, { headers: { Prefer: PAGED } });
    await pages.iterate();
    return { told, link: pages.getDeltaLink() };
  }
}

function draft(subject) {
  return {
    subject,
    body: { contentType: "text", content: "Schlüssel liegt bei Frau Jäger" },
    start: { dateTime: "2026-03-02T09:00:00", timeZone: ZONE },
    end: { dateTime: "2026-03-02T10:00:00", timeZone: ZONE },
    isReminderOn: true,
    reminderMinutesBeforeStart: 15,
    singleValueExtendedProperties: [{ id: FOREIGN_ID, value: "ff:1" }],
    transactionId: `transaction-${subject}`,
  };
}

function series() {
  return {
    subject: "jeden Montag",
    start: { dateTime: "2026-03-02T18:00:00", timeZone: ZONE },
    end: { dateTime: "2026-03-02T19:00:00", timeZone: ZONE },
    recurrence: {
      pattern: { type: "weekly", interval: 1, daysOfWeek: ["monday"] },
      range: { type: "numbered", startDate: "2026-03-02", numberOfOccurrences: 3 },
    },
  };
}

function day() {
  return {
    subject: "Messe",
    isAllDay: true,
    location: { displayName: "Köln" },
    categories: ["Rot"],
    showAs: "oof",
    sensitivity: "private",
    start: { dateTime: "2026-03-05T00:00:00", timeZone: ZONE },
    end: { dateTime: "2026-03-06T00:00:00", timeZone: ZONE },
  };
}

// Return status and code of the error that a request is answered with.
async function refusal(asked) {
  try {
    await asked;
    return [];
  } catch (error) {
    return [error.statusCode, error.code];
  }
}

async function main([url, token, address, story]) {
  console.log(JSON.stringify(await new Story(url, token, address)[story]()));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
