// Package expr is the language inside workflow definitions and deployment
// templates: values, expressions, the functions of both dialects, conditions.
//
// The pipeline is scan, parse, check, evaluate. [Dialect.Compile] takes a whole
// JSON tree, finds the strings that are expressions, checks function names and
// argument counts everywhere and reports every [Problem] at once, with a JSON
// pointer and an offset. The [Template] it returns is immutable and may be
// evaluated by many goroutines; what an evaluation may see comes in through [Env].
//
// For editors and linters: a [Problem] has its pointer, line and column,
// [Template.Calls] says what a template depends on, [Template.String] prints it in one
// form, and [Dialect.Functions] describes every function.
//
// A [Value] is immutable. Arrays and objects that came from JSON text stay text
// until someone looks inside, the longer ones one level at a time, so that passing a
// body through decodes nothing. The text kept is always compact JSON in the form the service
// prints, so writing it out again is a copy.
//
// Beside the language stand the machines that functions need, by the names of their
// files: XML and its JSON form (xml_), XPath 1.0 (xpath_), .NET's dates (dates_) and
// number formats (numberformat), the cultures of cultures.txt, Windows time zones.
//
// The package reads no clock, draws no random number and does no input or output:
// [Env.Now] and [Env.Random] supply both. It promises to return errors, never to
// panic, for any text and any value: JSON and results are bounded in depth and
// size ([MaxDepth], [MaxSize]).
//
// Behaviour follows the reference, quoted as wdl-semantics § at each rule; the
// differences stand in DIVERGENCES.md.
package expr
