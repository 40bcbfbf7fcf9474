// What a program does that was written for Azure with the JavaScript SDK, against the
// server that the line of `isle up --json` in the file of the first argument tells of. It
// prints each step, and ends with the first that is not as it must be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { LogicManagementClient } from "@azure/arm-logic";
import { ResourceManagementClient } from "@azure/arm-resources";
import { ClientSecretCredential } from "@azure/identity";

const server = JSON.parse(readFileSync(process.argv[2], "utf8"));
const group = "javascript", location = "westeurope";

function credential(secret) {
  return new ClientSecretCredential(server.tenantId, server.clientId, secret, { authorityHost: server.authority, disableInstanceDiscovery: true });
}

function client(kind, secret = server.clientSecret) {
  return new kind(credential(secret), server.subscriptionId, { endpoint: server.endpoint, credentialScopes: [server.endpoint + "/.default"] });
}

const resources = client(ResourceManagementClient), logic = client(LogicManagementClient);

async function all(pages) {
  const list = [];
  for await (const one of pages) list.push(one);
  return list;
}

// refused wants a RestError of a code.
async function refused(promise, code, status) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.name, "RestError", String(e));
    assert.equal(e.code, code);
    assert.equal(e.statusCode, status);
    return true;
  });
}

// until asks again until something holds, a minute at most.
async function until(what, ask) {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(20)) {
    const found = await ask();
    if (found) return found;
  }
  assert.fail(`after a minute it is not so that ${what}`);
}

// read follows a signed link, without a token.
async function read(link) {
  const answer = await fetch(link);
  assert.equal(answer.status, 200, link);
  return answer;
}

const schema = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#";

const definition = {
  $schema: schema,
  contentVersion: "1.0.0.0",
  triggers: { manual: { type: "Request", kind: "Http", inputs: { schema: { type: "object", properties: { n: { type: "integer" } } } } } },
  actions: {
    Double: { type: "Compose", inputs: "@mul(triggerBody()['n'], 2)", runAfter: {} },
    Answer: { type: "Response", kind: "Http", inputs: { statusCode: 200, body: { doubled: "@outputs('Double')" } }, runAfter: { Double: ["Succeeded"] } },
  },
};

const waiting = {
  $schema: schema,
  contentVersion: "1.0.0.0",
  triggers: { manual: { type: "Request", kind: "Http", inputs: {} } },
  actions: { Later: { type: "Wait", inputs: { interval: { count: 1, unit: "Hour" } }, runAfter: {} } },
};

let environment; // its resource ID

async function signsIn() {
  await assert.rejects(credential("wrong").getToken(server.endpoint + "/.default"), /AADSTS7000215/);
  const token = await credential(server.clientSecret).getToken(server.endpoint + "/.default");
  assert.ok(token.expiresOnTimestamp > Date.now());
}

async function deploys() {
  const made = await resources.resourceGroups.createOrUpdate(group, { location, tags: { by: "javascript" } });
  assert.equal(made.properties.provisioningState, "Succeeded");
  const template = JSON.parse(readFileSync(process.argv[3], "utf8"));
  const deployed = await resources.deployments.beginCreateOrUpdateAndWait(group, "first", { properties: { mode: "Incremental", template } }, { updateIntervalInMs: 50 });
  assert.equal(deployed.properties.provisioningState, "Succeeded");
  const operations = await all(resources.deploymentOperations.list(group, "first"));
  assert.ok(operations.length >= 4 && operations.every((o) => o.properties.provisioningState === "Succeeded"));
}

async function readsEnvironments() {
  const listed = await all(logic.integrationServiceEnvironments.listByResourceGroup(group));
  assert.deepEqual(listed.map((e) => e.name), ["isle"]);
  environment = listed[0].id;
  const got = await logic.integrationServiceEnvironments.get(group, "ISLE");
  assert.equal(got.properties.provisioningState, "Succeeded");
  assert.equal(got.properties.networkConfiguration.subnets.length, 4);
  assert.equal(got.properties.networkConfiguration.accessEndpoint.type, "External");
  const health = await logic.integrationServiceEnvironmentNetworkHealth.get(group, "isle");
  const subnets = Object.values(health.body ?? health).filter((s) => s.networkDependencyHealthState);
  assert.equal(subnets.length, 4);
  assert.ok(subnets.every((s) => s.networkDependencyHealthState === "Healthy"), JSON.stringify(subnets));
  const apis = await all(logic.integrationServiceEnvironmentManagedApis.list(group, "isle"));
  assert.deepEqual(apis.map((a) => a.name).sort(), ["ftp", "sql"]);
  const added = await logic.integrationServiceEnvironmentManagedApis.beginPutAndWait(group, "isle", "servicebus", { location, properties: {} }, { updateIntervalInMs: 50 });
  assert.equal(added.namePropertiesName, "servicebus");
  await logic.integrationServiceEnvironmentManagedApis.beginDeleteAndWait(group, "isle", "servicebus", { updateIntervalInMs: 50 });
  await refused(logic.integrationServiceEnvironmentManagedApis.get(group, "isle", "servicebus"), "IntegrationServiceEnvironmentManagedApiNotFound", 404);
  await refused(logic.integrationServiceEnvironments.get(group, "none"), "IntegrationServiceEnvironmentNotFound", 404);
}

async function writesWorkflows() {
  const body = { location, tags: { kind: "test" }, integrationServiceEnvironment: { id: environment }, definition };
  const made = await logic.workflows.createOrUpdate(group, "double", body);
  assert.equal(made.provisioningState, "Succeeded");
  assert.equal(made.state, "Enabled");
  assert.deepEqual(made.definition, definition);
  assert.match(made.accessEndpoint, /^https:\/\//);
  for (const name of ["w1", "w2"]) await logic.workflows.createOrUpdate(group, name, { ...body, definition: waiting });
  const again = await logic.workflows.createOrUpdate(group, "double", { ...body, tags: { kind: "changed" } });
  assert.equal(again.tags.kind, "changed");
  assert.equal((await logic.workflows.update(group, "double")).name, "double");
  const sizes = [], names = [];
  for await (const page of logic.workflows.listByResourceGroup(group, { top: 2 }).byPage()) {
    sizes.push(page.length);
    names.push(...page.map((w) => w.name));
  }
  assert.deepEqual(names, ["double", "w1", "w2"]);
  assert.deepEqual(sizes, [2, 1]);
  const versions = await all(logic.workflowVersions.list(group, "double"));
  assert.ok(versions.some((v) => v.name === again.version));
  await refused(logic.workflows.createOrUpdate(group, "bad", { location, definition: { ...definition, actions: { A: { type: "Compose", inputs: "@nosuch(1)" } } } }), "InvalidTemplate", 400);
  await refused(logic.workflows.get(group, "bad"), "WorkflowNotFound", 404);
  await refused(logic.workflows.get("none", "double"), "ResourceGroupNotFound", 404);
}

async function runsWorkflows() {
  const callback = await logic.workflowTriggers.listCallbackUrl(group, "double", "manual");
  assert.equal(callback.method, "POST");
  const post = (url, n) => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ n }) });
  const answer = await post(callback.value, 21);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { doubled: 42 });
  assert.equal((await post(callback.value.replace(/sig=[^&]*/, "sig=x"), 1)).status, 401);

  const run = await until("the run has ended", async () => (await all(logic.workflowRuns.list(group, "double", { filter: "status eq 'Succeeded'" })))[0]);
  assert.equal(run.name, answer.headers.get("x-ms-workflow-run-id"));
  assert.equal((await logic.workflowRuns.get(group, "double", run.name)).trigger.name, "manual");
  const actions = await all(logic.workflowRunActions.list(group, "double", run.name));
  assert.deepEqual(actions.map((a) => [a.name, a.status]).sort(), [["Answer", "Succeeded"], ["Double", "Succeeded"]]);
  const action = await logic.workflowRunActions.get(group, "double", run.name, "Double");
  assert.ok(action.startTime instanceof Date && action.outputsLink.contentSize > 0);
  assert.equal(await (await read(action.outputsLink.uri)).json(), 42);
  const histories = await all(logic.workflowTriggerHistories.list(group, "double", "manual"));
  assert.equal(histories.length, 1);
  assert.equal(histories[0].fired, true);
  assert.deepEqual((await (await read(histories[0].outputsLink.uri)).json()).body, { n: 21 });

  await logic.workflowTriggerHistories.resubmit(group, "double", "manual", histories[0].name);
  await until("the run has run again", async () => (await all(logic.workflowRuns.list(group, "double", { filter: "status eq 'Succeeded'" }))).length === 2);
  await refused(logic.workflowRuns.get(group, "double", "none"), "WorkflowRunNotFound", 404);
}

async function cancelsRuns() {
  await logic.workflowTriggers.run(group, "w1", "manual");
  const run = await until("the run waits", async () => (await all(logic.workflowRuns.list(group, "w1", { filter: "status eq 'Running'" })))[0]);
  await logic.workflowRuns.cancel(group, "w1", run.name);
  await until("the run is cancelled", async () => (await logic.workflowRuns.get(group, "w1", run.name)).status === "Cancelled");
  await refused(logic.workflowRuns.cancel(group, "w1", run.name), "WorkflowRunCanNotBeCancelled", 409);
  await logic.workflows.disable(group, "w1");
  assert.equal((await logic.workflows.get(group, "w1")).state, "Disabled");
  await logic.workflows.delete(group, "w1");
  assert.deepEqual((await all(logic.workflows.listByResourceGroup(group))).map((w) => w.name), ["double", "w2"]);
}

const sheet = '<?xml version="1.0"?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><Order/></xsl:template></xsl:stylesheet>';
const order = '<?xml version="1.0"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://example.org/order"><xs:element name="Order" type="xs:string"/></xs:schema>';

async function keepsArtifacts() {
  const account = await logic.integrationAccounts.createOrUpdate(group, "b2b", { location, sku: { name: "Standard" } });
  assert.equal(account.sku.name, "Standard");
  await logic.integrationAccountMaps.createOrUpdate(group, "b2b", "sheet", { location, mapType: "Xslt", content: sheet, contentType: "application/xml" });
  const map = await logic.integrationAccountMaps.get(group, "b2b", "sheet");
  assert.equal(await (await read(map.contentLink.uri)).text(), sheet);
  const link = await logic.integrationAccountMaps.listContentCallbackUrl(group, "b2b", "sheet", { keyType: "Primary" });
  assert.equal(await (await read(link.value)).text(), sheet);
  const stored = await logic.integrationAccountSchemas.createOrUpdate(group, "b2b", "order", { location, schemaType: "Xml", content: order, contentType: "application/xml" });
  assert.equal(stored.targetNamespace, "http://example.org/order");
  const businessIdentities = [{ qualifier: "AS2Identity", value: "FABRIKAM" }];
  await logic.integrationAccountPartners.createOrUpdate(group, "b2b", "fabrikam", { location, partnerType: "B2B", content: { b2B: { businessIdentities } } });
  const partner = await logic.integrationAccountPartners.get(group, "b2b", "FABRIKAM");
  assert.deepEqual(partner.content.b2B.businessIdentities, businessIdentities);
  assert.deepEqual((await all(logic.integrationAccountMaps.list(group, "b2b"))).map((m) => m.name), ["sheet"]);
  assert.match((await logic.integrationAccounts.listCallbackUrl(group, "b2b", { keyType: "Primary" })).value, /sig=/);
  await refused(logic.integrationAccountMaps.createOrUpdate(group, "b2b", "torn", { location, mapType: "Xslt", content: "<xsl:", contentType: "application/xml" }), "InvalidMapContent", 400);
}

async function cleansUp() {
  await resources.resourceGroups.beginDeleteAndWait(group, { updateIntervalInMs: 50 });
  assert.equal((await resources.resourceGroups.checkExistence(group)).body, false);
}

for (const step of [signsIn, deploys, readsEnvironments, writesWorkflows, runsWorkflows, cancelsRuns, keepsArtifacts, cleansUp]) {
  await step();
  console.log(step.name);
}
