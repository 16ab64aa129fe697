// FLOWFACT's own client keeps appointments and prints what it saw as one JSON object.
// Arguments: FLOWFACT's address, API token.

// In a browser the client signs its requests itself; it finds out where it runs through this package.
require.cache[require.resolve("detect-node")] = { exports: false };
global.window = { localStorage: { getItem: () => null } };
const ff = require("@flowfact/api-services");
const { DslBuilder } = require("@flowfact/node-flowdsl");

const SCHEMA = "appointments";
const HOUR = 3600 * 1000;
const START = Date.UTC(2026, 2, 2, 9);

async function main([url, apiToken]) {
  ff.EnvironmentManagementInstance.getBaseUrl = () => url;
  const seen = { signIn: await signIn(apiToken), ...(await directory()) };
  const [first, second] = await createTwo(seen.me.id);
  Object.assign(seen, await change(first), await search(second), await remove(first, second));
  console.log(JSON.stringify(seen));
}

async function signIn(apiToken) {
  const service = ff.AdminTokenServiceInstance.publicAdminUserService;
  const wrong = await service.authenticate("falsch");
  const right = await service.authenticate(apiToken);
  ff.Authentication.getCurrentSession = async () => ({ getIdToken: () => ({ getJwtToken: () => right.data }) });
  return [[wrong.isSuccessful2xx, wrong.status], right.isSuccessful2xx];
}

async function directory() {
  const me = await ff.UserServiceInstance.usersV2.fetchCurrentUser();
  const people = await ff.UserServiceInstance.users.fetchAllUsersOfCurrentCompany(["USER"]);
  const all = await ff.UserServiceInstance.users.fetchAllUsersOfCurrentCompany();
  const schema = await ff.SchemaServiceV2.fetchSchemaByIdOrName(SCHEMA);
  const schemas = await ff.SchemaServiceV2.fetchAllSchemas("appointment_schemas");
  const exists = await ff.SchemaServiceV2.exists(SCHEMA);
  const indices = await ff.SchemaServiceV2.resolveIndices("appointment_schemas");
  return {
    me: me.data,
    users: [people.data, all.data].map((users) => users.map((user) => user.loginRelatedMailAddress)),
    fields: [schema.data.properties.subject.type, schema.data.properties.start_date.type],
    schemas: schemas.data.entries.map((one) => one.name),
    exists: exists.data === schema.data.id,
    indices: indices.data,
    ownSync: (await ff.NylasService.fetchConfig()).data,
  };
}

async function createTwo(owner) {
  const ids = [];
  for (const number of [0, 1]) {
    const fields = {
      subject: { values: [`Besichtigung ${number}`] },
      message: { values: ["Schlüssel liegt bei Frau Jäger"] },
      start_date: { values: [START + number * HOUR] },
      end_date: { values: [START + number * HOUR + HOUR / 2] },
      assignee: { values: [owner] },
    };
    ids.push((await ff.EntityService.createEntity(SCHEMA, fields)).data);
  }
  return ids;
}

async function change(id) {
  const read = (await ff.EntityService.fetchEntity(SCHEMA, id)).data;
  const patched = (await ff.EntityService.updateEntity(SCHEMA, id, { subject: { values: ["verschoben"] } })).data;
  const participants = { participants: { values: ["kontakt-schneider"] } };
  const deep = (await ff.EntityService.updateEntityDeep(SCHEMA, id, participants, "add")).data;
  const unknown = await failure(ff.EntityService.updateEntity(SCHEMA, id, { unbekannt: { values: [1] } }));
  return {
    read: [read._metadata.schema, read.subject.values, read.message.values, read.start_date.values],
    patched: [patched.subject.values, patched.message.values, patched._metadata.lastModifiedTimestamp > 0],
    deep: deep.participants.values,
    descriptor: (await ff.EntityService.fetchEntityDescriptor(id)).data.schema,
    unknownField: unknown,
  };
}

async function search(second) {
  const all = new DslBuilder()
    .fetch(["id", "subject"])
    .withSorts((sorts) => sorts.desc("start_date"))
    .build();
  const named = new DslBuilder()
    .withCondition((conditions) =>
      conditions
        .hasFieldWithValue("subject", "Besichtigung", "LIKE")
        .hasRangeOverlapping("start_date", "end_date", START, START + 2 * HOUR)
        .hasEntityIds([second]),
    )
    .build();
  return {
    firstPage: page((await ff.SearchService.search(all, SCHEMA, 1, 1, true)).data),
    fromOffset: page((await ff.SearchService.searchVirtualized(all, SCHEMA, 1, 1, true)).data),
    found: page((await ff.SearchService.search(named, SCHEMA)).data).subjects,
    count: (await ff.SearchService.count(all, SCHEMA)).data,
  };
}

function page({ entries, ...more }) {
  return { ...more, subjects: entries.map((one) => one.subject.values[0]) };
}

async function remove(first, second) {
  await ff.EntityService.deleteEntity(first, SCHEMA);
  const gone = await failure(ff.EntityService.fetchEntity(SCHEMA, first));
  const trashed = (await ff.EntityService.fetchTrashedEntities(1, 50, SCHEMA)).data;
  const schemas = (await ff.EntityService.fetchTrashedEntitySchemaNames()).data;
  await ff.EntityService.restoreTrashedEntities([first]);
  const entities = [first, second, "gibt-es-nicht"].map((entityId) => ({ entityId, schema: SCHEMA }));
  const many = (await ff.EntityService.deleteEntities({ entities })).data;
  const both = (await ff.EntityService.fetchTrashedEntities(1)).data;
  return {
    gone,
    trash: trashed.entries.map((entry) => entry.content.subject.values[0]),
    trashedSchemas: schemas,
    many: Object.values(many.responses).map((one) => one.statusCode),
    trashAfterwards: both.totalCount,
  };
}

// Return the status that a request is refused with.
async function failure(asked) {
  try {
    await asked;
    return null;
  } catch (error) {
    return error.response.status;
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
