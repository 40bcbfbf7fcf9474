// Package account is integration accounts of Microsoft.Logic and the artifacts in
// them: schemas, maps, partners, agreements, certificates, assemblies, batch
// configurations and sessions (logic-api §2.7).
//
// Each kind of artifact is a value of [kind]: the model of its properties, what it
// checks beyond the model, and what it shows. models.txt says what bodies are made of;
// a check reports every problem at once, and a refusal changes nothing.
//
// What schemas, maps and assemblies hold is stored beside the resource, sealed, in the
// same transaction; it is never served inline, but by a signed link to the access
// endpoint, which asks [Service.Reach] and [Service.Content]. The signature is made
// with the account's own keys, so a regenerated key makes older links invalid.
//
// An account in an environment serves the workflows of the same one. Who uses an
// account is noted by [Service.Use], in the transaction that stores the workflow; an
// account in use is not deleted.
//
// The package calls nobody but the links that a request gives it, and nothing in it
// changes after New.
package account
