// Creates an appointment with Microsoft's Managed API (its JavaScript port) and reads the calendar's changes.
// Arguments: address of the server, login, password. Prints one JSON object.
const ews = require("ews-javascript-api");

async function main([url, login, password]) {
  const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2013_SP1);
  service.Url = new ews.Uri(url);
  service.Credentials = new ews.WebCredentials(login, password);

  const appointment = new ews.Appointment(service);
  appointment.Subject = "Besichtigung aus JavaScript";
  appointment.Body = new ews.TextBody("Schlüssel liegt bei Frau Jäger");
  appointment.Start = new ews.DateTime("2026-03-02T09:00:00Z");
  appointment.End = new ews.DateTime("2026-03-02T10:00:00Z");
  appointment.Location = "Lindenstraße 12";
  await appointment.Save(ews.SendInvitationsMode.SendToNone);

  const folder = new ews.FolderId(ews.WellKnownFolderName.Calendar);
  const shape = new ews.PropertySet(ews.BasePropertySet.IdOnly);
  const first = await service.SyncFolderItems(folder, shape, [], 512, ews.SyncFolderItemsScope.NormalItems, null);
  const seen = await ews.Appointment.Bind(service, appointment.Id);
  seen.Subject = "Verschoben aus JavaScript";
  await seen.Update(ews.ConflictResolutionMode.AutoResolve, ews.SendInvitationsOrCancellationsMode.SendToNone);
  const changed = await sync(service, folder, shape, first.SyncState);
  await seen.Delete(ews.DeleteMode.MoveToDeletedItems, ews.SendCancellationsMode.SendToNone);
  const deleted = await sync(service, folder, shape, changed.SyncState);
  console.log(JSON.stringify({
    id: appointment.Id.UniqueId,
    start: seen.Start.ToISOString(),
    more: first.MoreChangesAvailable,
    changes: [first, changed, deleted].map(kinds),
  }));
}

function sync(service, folder, shape, state) {
  return service.SyncFolderItems(folder, shape, [], 512, ews.SyncFolderItemsScope.NormalItems, state);
}

function kinds(round) {
  return round.GetEnumerator().map((change) => ews.ChangeType[change.ChangeType]);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
