// Package isle is a self-hosted integration service environment: it runs Azure
// Logic Apps workflows, behind the resource-manager API that manages them in
// Azure, in an isolated environment that is injected into a virtual network.
//
// A tour of the code, in reading order:
//
//   - [isle/expr]: values and expressions. Start with Value, then Dialect.Compile.
//   - [isle/wdl]: a definition becomes an immutable Program, or a list of problems.
//   - [isle/engine]: Run.Step decides what a run does next: records to store, then
//     effects to perform. It knows no clock, no store and no network.
//   - [isle/netpol]: the policy of virtual networks as a value. Network.Evaluate gives a
//     flow's verdict and what decided; RequiredAccess judges what an environment needs.
//   - [isle/internal/store]: resources, runs, records, tasks and contents in
//     SQLite; every commit of every run shares one flush.
//   - [isle/internal/task]: carries out what must happen later.
//   - [isle/internal/connector] and [isle/internal/dataplane]: what an operation is,
//     and the only way by which it reaches a network. Start with Inproc.Judge. One
//     folder for each operation; connector/builtin has the list.
//   - [isle/internal/trigger]: what a firing is, for the server and for tests alike.
//   - [isle/netpol/layout] and [isle/internal/kernel]: the same policy as namespaces,
//     routes and packet filters of a Linux kernel. Start with Kernel.Apply.
//   - [isle/internal/runner]: the shell around the engine: load, step, commit, act;
//     what fires by itself: schedules, polls, subscriptions, batches, items of splitOn.
//   - [isle/internal/project], [isle/internal/local] and [isle/internal/testfile]:
//     projects, runs and test files without a server.
//   - [isle/internal/gateway]: the access endpoint where triggers and webhooks are called,
//     by those whom the network's policy lets in.
//   - [isle/internal/arm] and [isle/internal/identity]: the resource manager, generic
//     over resource types, and who may ask it what.
//   - [isle/internal/network], [isle/internal/logic], [isle/internal/account] and
//     [isle/internal/deploy]: the types.
//     network.Policies makes the policy of all that is stored; logic judges by it what
//     environments need.
//   - [isle/internal/traffic] and [isle/internal/forecast]: which flows workflows made, and
//     what a change of the network would make of them.
//   - [isle/internal/metrics]: what the server counts, where it happens, without a lock.
//   - [isle/internal/tracing]: runs as traces, from the records of their commits.
//   - [isle/internal/server]: builds and wires everything; the only place that knows all.
//   - [isle/isletest]: a whole server inside a Go test.
//
// ARCHITECTURE.md says why it is cut this way, deps_test.go holds the cut.
package isle
