package expr

// The number of arguments of a call and the sentence for a wrong one
// (wdl-semantics §4.3). The sentences are the service's own, letter by letter:
// their endings differ from function to function for no reason that can be seen.

import (
	"strconv"
	"strings"
)

// arity reports whether a call with count arguments is allowed.
func (f *Function) arity(count int) bool {
	return count >= f.Min && (f.Max < 0 || count <= f.Max)
}

// arityMessage is the sentence for a call with count arguments.
func (f *Function) arityMessage(name string, count int) string {
	if f.template {
		return f.templateArity(name, count)
	}
	prefix := "The template language function '" + name + "' "
	switch {
	case f.usage != "":
		return prefix + f.expects() + ". The function was invoked with " + f.counted(count) + "." + f.seeAnchor()
	case f.Max == 0:
		return prefix + "must not have any parameters."
	case f.Min == 1 && f.Max == 1:
		return prefix + "must have only one parameter."
	}
	return prefix + "expects " + f.countWords() + " parameters. The function was invoked with '" + strconv.Itoa(count) + "' parameter(s)."
}

// expects is the part of the sentence that says what the function takes.
func (f *Function) expects() string {
	switch f.Name {
	case "guid", "utcNow":
		return "can be invoked " + f.usage
	}
	return "expects " + f.usage
}

// counted names the number of arguments found. A function of at least one argument
// can only be called wrongly with none.
func (f *Function) counted(count int) string {
	switch f.Name {
	case "concat", "createArray", "max", "min":
		return "no parameters"
	case "and", "or", "not", "length", "toLower", "toUpper",
		"array", "bool", "decimal", "float", "int", "string",
		"base64", "base64ToBinary", "base64ToString", "binary", "encodeBase64", "decodeBase64",
		"dataUri", "dataUriToBinary", "dataUriToString", "encodeDataUri", "decodeDataUri",
		"uriComponent", "uriComponentToBinary", "uriComponentToString", "encodeUriComponent", "decodeUriComponent":
		return "'" + strconv.Itoa(count) + "' parameters"
	}
	return "'" + strconv.Itoa(count) + "' parameter(s)"
}

// seeAnchor is the sentence with the link, which some functions do without.
func (f *Function) seeAnchor() string {
	anchor := f.anchor()
	switch f.Name {
	case "greater", "greaterOrEquals", "less", "lessOrEquals", "dateDifference",
		"addProperty", "setProperty", "removeProperty",
		"formDataValue", "formDataMultiValues", "multipartBody":
		return ""
	case "mod":
		anchor = "div"
	}
	return " Please see https://aka.ms/logicexpressions#" + anchor + " for usage details."
}

// anchor is the name of the function as its link spells it.
func (f *Function) anchor() string {
	switch f.Name {
	case "startsWith", "endsWith", "indexOf", "lastIndexOf", "nthIndexOf",
		"utcNow", "parseDateTime", "formatDateTime", "addDays", "addHours", "addMinutes", "addSeconds",
		"dayOfMonth", "dayOfWeek", "dayOfYear", "startOfDay", "startOfHour", "startOfMonth":
		return strings.ToLower(f.Name)
	case "formatNumber", "addToTime", "subtractFromTime", "getFutureTime", "getPastTime",
		"convertFromUtc", "convertToUtc", "convertTimeZone":
		return strings.ToUpper(f.Name[:1]) + f.Name[1:]
	}
	return f.Name
}

// countWords says how many arguments the function takes.
func (f *Function) countWords() string {
	switch {
	case f.Max < 0:
		return "at least " + strconv.Itoa(f.Min)
	case f.Min == f.Max:
		return "exactly " + strconv.Itoa(f.Min)
	}
	return "from " + strconv.Itoa(f.Min) + " to " + strconv.Itoa(f.Max)
}
