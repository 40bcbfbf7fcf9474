// Package logic is Microsoft.Logic: integration service environments with their
// managed connectors, and workflows with their versions, triggers and run history.
//
// What an environment and a workflow must be are pure checks (environment_check.go,
// workflow_check.go) that report every problem at once. The functions of the types
// run them in the resource manager's transaction; what follows outside of it is a
// task that this package handles ([Service.Handlers]): preparing an environment
// and its database, arming schedules, cancelling the runs of a deleted workflow.
// Tasks may run twice and may find their subject gone.
//
// A workflow's versions never change and live until its last run has ended; a run
// finds its version through [Workflows], which also gives the access endpoint the
// current one. Runs, actions and histories are read from the environment's
// database; their inputs and outputs are served as signed links.
//
// Network health is the required access of an environment, judged by the policy of
// now (requiredaccess.go), with probes of what plays each role here (healthprobe.go).
// [Service.WatchHealth] notes changes; it makes no traffic.
//
// Secure parameters and access keys are stored sealed and never served.
package logic
