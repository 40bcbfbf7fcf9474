// Package engine decides what a workflow run does next. It is a pure state
// machine: it reads no clock, draws no random number of its own, does no input or
// output and starts no goroutine.
//
// A [Run] is made by [New] or [Load] and driven by [Run.Step]: one event in, one
// [Result] out. The caller must
//
//  1. make Result.Contents durable,
//  2. store Result.Head and Result.Rows in one commit,
//  3. then perform Result.Effects and hand each outcome back as [Completed]; an
//     [Unsubscribe] is stored in the same commit, as it must be performed though the
//     run has ended,
//  4. call Step with [Continue] when Result.More says so, with [Loaded] when
//     Result.Need names rows or contents, with [Woke] at Result.Wake, and with
//     [Called] when the callback URL of a webhook is called ([Run.SetCallback]).
//
// A run that must wait for its turn is given [Hold] first and [Begin] later. One that
// goes on from what another one did is started with what [Keep] chose of that one's rows;
// they are stored with its first step.
//
// What is stored is all there is: a run loaded from its head and the rows of its
// open scopes ([OpenScopes]) goes on exactly as the one in memory would have. The
// rows are also the run's history ([DecodeRecords]).
//
// A frame is one repetition of the actions that share their nearest enclosing
// loop; the top level is a frame of its own. A closed frame leaves memory; its
// rows are asked for again only when an expression names one of its actions.
// Inside a frame, ready actions run first in, first out; an iteration that can go
// on runs before the next one is opened. No map order reaches a step.
//
// A step ends after about [MaxStepRecords] records, [MaxStepBytes] bytes of rows or
// [MaxStepContents] bytes of contents.
package engine
