// Package wdl is the Workflow Definition Language: it finds definitions in the
// documents that hold them, reports every problem of a definition at once, and
// compiles a sound one to an immutable [Program] that the engine runs.
//
// [Open] takes any document form (bare, wrapped, ARM resource, ARM template,
// workflow.json) and returns its definitions as [Source] values. [Source.Compile],
// or [Compile] when there is no document, checks every rule of wdl-semantics §15
// and either returns a Program or the [Problems], each with a JSON pointer into
// the definition, a code of the service, a [Rule], a message, and the line and
// column of the text.
//
// Compilation is a pipeline:
//
//	parse    members of triggers and actions into typed parts; templates compiled by expr
//	graph    runAfter edges, cycles, predecessor sets, leaves
//	resolve  each template's calls: actions, variables, parameters, loops
//	place    where Response, Terminate, InitializeVariable may stand; limits
//
// Later stages run even when earlier ones found problems, so that a user sees all
// of them; they do not repeat what an earlier stage reported, and they leave out
// what cannot be judged because of it: where a runAfter is wrong, whether an action
// or a variable is reached through it.
//
// A linter or an editor gives the text of its document in [Source.Text], or in
// [Options.Text] and [Options.Base], and gets places in that text; the package's
// example is such a linter. [Place] finds the place of any pointer. What is an error
// stops a save, what is a [Warning] does not.
//
// A Program never changes and may be shared by all runs and goroutines. Recurrence
// arithmetic ([Recurrence.Next]), durations and retry waits are pure: the caller
// brings time and random bits. The package does no input or output.
package wdl
