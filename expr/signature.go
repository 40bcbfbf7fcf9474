package expr

// What an editor says about the functions of workflow definitions: their categories,
// parameters, results, and a sentence (wdl-functions.json).

import (
	"fmt"
	"strings"
)

// Parameter is one of a function's parameters.
type Parameter struct {
	Name     string
	Type     string // as string, string|array, any, timestamp, timeZone, timeUnit, format, culture, timeSpan, content
	Optional bool
	Repeated bool // any number of arguments from here on
}

// Signature is the function with its parameters and its result, on one line.
func (f *Function) Signature() string {
	params := make([]string, len(f.Parameters))
	for i, p := range f.Parameters {
		params[i] = p.Name
		if p.Optional {
			params[i] += "?"
		}
		params[i] += ": " + p.Type
		if p.Repeated {
			params[i] += "..."
		}
	}
	return fmt.Sprintf("%s(%s): %s", f.Name, strings.Join(params, ", "), f.Returns)
}

// described adds to each function what stands about it below.
func described(list []Function) []Function {
	known := descriptions()
	for i := range list {
		f := &list[i]
		d := known[f.Name]
		f.Category, f.Returns, f.Summary = d.category, d.returns, d.summary
		f.Parameters = parameters(d.parameters)
	}
	return list
}

// parameters reads "name type, name type?, name type...".
func parameters(text string) []Parameter {
	if text == "" {
		return nil
	}
	var list []Parameter
	for _, each := range strings.Split(text, ", ") {
		name, kind, _ := strings.Cut(each, " ")
		p := Parameter{Name: name}
		kind, p.Optional = strings.CutSuffix(kind, "?")
		p.Type, p.Repeated = strings.CutSuffix(kind, "...")
		list = append(list, p)
	}
	return list
}

type description struct {
	category, parameters, returns, summary string
}

func descriptions() map[string]description {
	return map[string]description{
		"concat":            {"string", "values any...", "string", "Joins the text of its arguments."},
		"endsWith":          {"string", "text string, end string", "boolean", "Whether a text ends with another, ignoring case."},
		"startsWith":        {"string", "text string, start string", "boolean", "Whether a text begins with another, ignoring case."},
		"formatNumber":      {"string", "value number, format string, culture culture?", "string", "Writes a number in a .NET format."},
		"guid":              {"string", "format string?", "string", "Makes a new GUID, by default of 32 digits with hyphens."},
		"indexOf":           {"string", "text string, search string", "integer", "Where a text first occurs in another, ignoring case, from 0; -1 if it does not."},
		"lastIndexOf":       {"string", "text string, search string", "integer", "Where a text last occurs in another, ignoring case, from 0; -1 if it does not."},
		"nthIndexOf":        {"string", "text string, search string, occurrence integer", "integer", "Where a text occurs for the nth time in another, from 0; -1 if it does not."},
		"isFloat":           {"string", "text string, culture culture?", "boolean", "Whether a text is a number."},
		"isInt":             {"string", "text string", "boolean", "Whether a text is an integer."},
		"length":            {"string", "collection string|array", "integer", "The number of characters of a text, or of elements of an array."},
		"replace":           {"string", "text string, old string, new string", "string", "Replaces each occurrence of a text."},
		"slice":             {"string", "text string, start integer, end integer?", "string", "The part of a text between two positions; negative ones count from the end."},
		"split":             {"string", "text string, separator string", "array", "Takes a text apart at a separator."},
		"substring":         {"string", "text string, start integer, length integer?", "string", "The part of a text from a position on."},
		"toLower":           {"string", "text string", "string", "A text in lower case."},
		"toUpper":           {"string", "text string", "string", "A text in upper case."},
		"trim":              {"string", "text string", "string", "A text without white space around it."},
		"chunk":             {"string", "collection string|array, length integer", "array", "Cuts a text or an array into pieces of a length."},
		"trimByteOrderMark": {"string", "text string|content", "string|content", "A text without a byte order mark at its start."},
		"encodeXmlValue":    {"string", "text string", "string", "Escapes a text for the content of an XML element."},
		"decodeXmlValue":    {"string", "text string", "string", "Undoes encodeXmlValue."},
		"encodeXmlName":     {"string", "text string", "string", "Makes a valid XML name of a text."},
		"decodeXmlName":     {"string", "text string", "string", "Undoes encodeXmlName."},

		"contains":     {"collection", "collection string|array|object, value any", "boolean", "Whether a text, an array or the names of an object have a value."},
		"empty":        {"collection", "collection string|array|object|null", "boolean", "Whether a collection has nothing in it."},
		"first":        {"collection", "collection string|array", "any", "The first character or element."},
		"last":         {"collection", "collection string|array", "any", "The last character or element."},
		"intersection": {"collection", "first array|object, second array|object, others array|object...", "array|object", "What is in all of its arguments."},
		"union":        {"collection", "first array|object, second array|object, others array|object...", "array|object", "What is in any of its arguments; of members with one name the last."},
		"join":         {"collection", "collection array, separator string", "string", "Joins the text of elements, a separator between them."},
		"reverse":      {"collection", "collection array", "array", "The elements from last to first."},
		"skip":         {"collection", "collection array|string, count integer", "array|string", "A collection without the first elements."},
		"take":         {"collection", "collection array|string, count integer", "array|string", "The first elements of a collection."},
		"sort":         {"collection", "collection array, by string?", "array", "The elements in order, objects by a member."},
		"item":         {"collection", "", "any", "The element that a loop, or the row that a data operation is at."},
		"mergeObjects": {"collection", "first object, second object", "object", "Two objects in one."},

		"and":             {"logical", "first boolean, others boolean...", "boolean", "Whether all are true; stops at the first that is not."},
		"or":              {"logical", "first boolean, others boolean...", "boolean", "Whether any is true; stops at the first that is."},
		"not":             {"logical", "value boolean", "boolean", "The opposite."},
		"if":              {"logical", "condition boolean, then any, else any", "any", "One of two values; only that one is evaluated."},
		"equals":          {"logical", "first any, second any, others any...", "boolean", "Whether values are the same, all the way down."},
		"greater":         {"logical", "first number|string, second number|string", "boolean", "Whether the first is more than the second."},
		"greaterOrEquals": {"logical", "first number|string, second number|string", "boolean", "Whether the first is not less than the second."},
		"less":            {"logical", "first number|string, second number|string", "boolean", "Whether the first is less than the second."},
		"lessOrEquals":    {"logical", "first number|string, second number|string", "boolean", "Whether the first is not more than the second."},

		"array":                {"conversion", "value any", "array", "An array of one value."},
		"createArray":          {"conversion", "values any...", "array", "An array of its arguments."},
		"base64":               {"conversion", "value string|content", "string", "The base64 form of a text or content."},
		"base64ToBinary":       {"conversion", "text string", "content", "Binary content from base64."},
		"base64ToString":       {"conversion", "text string", "string", "The text that base64 stands for."},
		"decodeBase64":         {"conversion", "text string", "string", "Older name of base64ToString."},
		"encodeBase64":         {"conversion", "value string|content", "string", "Older name of base64."},
		"binary":               {"conversion", "value any", "content", "Binary content of the text of a value."},
		"bool":                 {"conversion", "value any", "boolean", "A boolean from a text or a number."},
		"dataUri":              {"conversion", "value any", "string", "A data URI of a value."},
		"dataUriToBinary":      {"conversion", "uri string", "content", "The bytes of a data URI itself, as content."},
		"dataUriToString":      {"conversion", "uri string", "string", "The text in a data URI."},
		"decodeDataUri":        {"conversion", "uri string", "any", "The content in a data URI."},
		"encodeDataUri":        {"conversion", "value string", "string", "Older name of dataUri."},
		"decimal":              {"conversion", "value string|number", "decimal", "A decimal number, exact to 28 digits."},
		"float":                {"conversion", "value string|number, culture culture?", "float", "A floating point number."},
		"int":                  {"conversion", "value string|number|boolean", "integer", "An integer of 64 bits."},
		"json":                 {"conversion", "value string|content", "any", "The value of a JSON text, or of XML content."},
		"string":               {"conversion", "value any", "string", "The text of a value."},
		"xml":                  {"conversion", "value string|object|content", "content", "XML content of a text or an object."},
		"uriComponent":         {"conversion", "values any...", "string", "A text escaped for a URI."},
		"encodeUriComponent":   {"conversion", "values any...", "string", "Older name of uriComponent."},
		"uriComponentToBinary": {"conversion", "text string", "content", "Binary content of an escaped text."},
		"uriComponentToString": {"conversion", "text string", "string", "The text that was escaped for a URI."},
		"decodeUriComponent":   {"conversion", "text string", "string", "Older name of uriComponentToString."},
		"utf8Length":           {"conversion", "text string", "integer", "The number of bytes of a text in UTF-8."},
		"utf16Length":          {"conversion", "text string", "integer", "The number of bytes of a text in UTF-16."},

		"add":   {"math", "first number, second number", "number", "The sum."},
		"sub":   {"math", "minuend number, subtrahend number", "number", "The difference."},
		"mul":   {"math", "first number, second number", "number", "The product."},
		"div":   {"math", "dividend number, divisor number", "number", "The quotient; of integers the whole part."},
		"mod":   {"math", "dividend number, divisor number", "number", "The remainder, with the sign of the dividend."},
		"max":   {"math", "first number|array, others number...", "number", "The largest of numbers."},
		"min":   {"math", "first number|array, others number...", "number", "The smallest of numbers."},
		"rand":  {"math", "minimum integer, maximum integer", "integer", "A random integer, below the maximum."},
		"range": {"math", "start integer, count integer", "array", "Integers that follow each other."},

		"addDays":          {"date", "timestamp timestamp, days integer, format format?", "string", "Adds days to a time."},
		"addHours":         {"date", "timestamp timestamp, hours integer, format format?", "string", "Adds hours to a time."},
		"addMinutes":       {"date", "timestamp timestamp, minutes integer, format format?", "string", "Adds minutes to a time."},
		"addSeconds":       {"date", "timestamp timestamp, seconds integer, format format?", "string", "Adds seconds to a time."},
		"addToTime":        {"date", "timestamp timestamp, interval integer, unit timeUnit, format format?", "string", "Adds units of time to a time."},
		"subtractFromTime": {"date", "timestamp timestamp, interval integer, unit timeUnit, format format?", "string", "Takes units of time from a time."},
		"getFutureTime":    {"date", "interval integer, unit timeUnit, format format?", "string", "The time in so many units from now."},
		"getPastTime":      {"date", "interval integer, unit timeUnit, format format?", "string", "The time so many units ago."},
		"convertFromUtc":   {"date", "timestamp timestamp, to timeZone, format format?", "string", "The time of a zone for one of UTC."},
		"convertToUtc":     {"date", "timestamp timestamp, from timeZone, format format?", "string", "The time of UTC for one of a zone."},
		"convertTimeZone":  {"date", "timestamp timestamp, from timeZone, to timeZone, format format?", "string", "The time of a zone for one of another."},
		"dateDifference":   {"date", "start timestamp, end timestamp", "string", "The time span between two times."},
		"dayOfMonth":       {"date", "timestamp timestamp", "integer", "The day in its month, from 1."},
		"dayOfWeek":        {"date", "timestamp timestamp", "integer", "The day in its week, from 0 for Sunday."},
		"dayOfYear":        {"date", "timestamp timestamp", "integer", "The day in its year, from 1."},
		"formatDateTime":   {"date", "timestamp timestamp, format format?, culture culture?", "string", "Writes a time in a .NET format."},
		"parseDateTime":    {"date", "text string, culture culture?, format format?", "string", "Reads a time in a culture's or a given format."},
		"startOfDay":       {"date", "timestamp timestamp, format format?", "string", "Midnight of a time's day."},
		"startOfHour":      {"date", "timestamp timestamp, format format?", "string", "The start of a time's hour."},
		"startOfMonth":     {"date", "timestamp timestamp, format format?", "string", "The first day of a time's month."},
		"ticks":            {"date", "timestamp timestamp", "integer", "Ticks of 100 nanoseconds since the year 1."},
		"utcNow":           {"date", "format format?", "string", "The current time in UTC."},
		"formatTimeSpan":   {"date", "span timeSpan, format format, culture culture?", "string", "Writes a time span in a .NET format."},

		"action":                     {"workflow", "", "object", "The record of the action at hand."},
		"actions":                    {"workflow", "action string", "object", "The record of an action."},
		"actionBody":                 {"workflow", "action string", "any", "Older name of body."},
		"actionOutputs":              {"workflow", "action string", "any", "Older name of outputs."},
		"body":                       {"workflow", "action string", "any", "The body in the outputs of an action."},
		"outputs":                    {"workflow", "action string", "any", "The outputs of an action."},
		"formDataValue":              {"workflow", "action string, field string", "any", "The one value of a form field in the body of an action."},
		"formDataMultiValues":        {"workflow", "action string, field string", "array", "All values of a form field in the body of an action."},
		"multipartBody":              {"workflow", "action string, index integer", "any", "A part of the multipart body of an action, from 0."},
		"items":                      {"workflow", "loop string", "any", "The element that a loop is at."},
		"iterationIndexes":           {"workflow", "loop string", "integer", "How often an Until has been through, from 0."},
		"listCallbackUrl":            {"workflow", "", "string", "The URL that a webhook is called back at."},
		"parameters":                 {"workflow", "parameter string", "any", "The value of a parameter."},
		"result":                     {"workflow", "scope string", "array", "The records of what is in a scope or loop."},
		"trigger":                    {"workflow", "", "object", "The record of the trigger."},
		"triggers":                   {"workflow", "", "object", "Older name of trigger."},
		"triggerBody":                {"workflow", "", "any", "The body in the outputs of the trigger."},
		"triggerOutputs":             {"workflow", "", "object", "The outputs of the trigger."},
		"triggerFormDataValue":       {"workflow", "field string", "any", "The one value of a form field in the trigger's body."},
		"triggerFormDataMultiValues": {"workflow", "field string", "array", "All values of a form field in the trigger's body."},
		"triggerMultipartBody":       {"workflow", "index integer", "any", "A part of the trigger's multipart body, from 0."},
		"variables":                  {"workflow", "variable string", "any", "The value of a variable."},
		"workflow":                   {"workflow", "", "object", "The workflow and its run."},
		"appsetting":                 {"workflow", "setting string", "string", "An application setting of a single-tenant workflow."},
		"accessKeys":                 {"workflow", "key string", "object", "Not in use any more."},

		"uriHost":         {"uri", "uri string", "string", "The host of a URI."},
		"uriPath":         {"uri", "uri string", "string", "The path of a URI."},
		"uriPathAndQuery": {"uri", "uri string", "string", "The path and query of a URI."},
		"uriPort":         {"uri", "uri string", "integer", "The port of a URI."},
		"uriQuery":        {"uri", "uri string", "string", "The query of a URI, with its question mark."},
		"uriScheme":       {"uri", "uri string", "string", "The scheme of a URI."},

		"addProperty":    {"manipulation", "object object, name string, value any", "object", "An object with one member more, which it must not have yet."},
		"setProperty":    {"manipulation", "object object, name string, value any", "object", "An object with a member set."},
		"removeProperty": {"manipulation", "object object, name string", "object", "An object without a member."},
		"coalesce":       {"manipulation", "values any...", "any", "The first that is not null; the rest is not evaluated."},
		"xpath":          {"manipulation", "xml content, path string", "any", "What an XPath expression finds in XML content."},
	}
}
