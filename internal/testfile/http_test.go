package testfile

import (
	"fmt"
	"strings"
	"testing"
)

// request is one Http action; more are its members after inputs, policy is one of the
// inputs.
func request(method, more, policy string) string {
	return `{"H":{"type":"Http","inputs":{"method":"` + method + `","uri":"https://h/a"` + policy + `}` + more + `}}`
}

const fixed = `,"retryPolicy":{"type":"fixed","count":2,"interval":"PT30S"}`

func mocks(responses ...string) string {
	return `"clock":"2024-03-15T12:00:00Z","mocks":[{"action":"H","responses":[` + strings.Join(responses, ",") + `]}],`
}

// The rows of wdl-semantics that say what an Http action makes of an answer.
func TestHTTPExecution(t *testing.T) {
	const none = `,"retryPolicy":{"type":"none"}`
	page := func(n int, next string) string {
		return fmt.Sprintf(`{"body":{"value":[%d,%d],"nextLink":%s}}`, 2*n-1, 2*n, next)
	}
	const paged = `,"runtimeConfiguration":{"paginationPolicy":{"minimumItemCount":5}}`
	checkRules(t, []rule{
		{"§11.11 redirects: each is a call of the action", "", request("GET", "", ""),
			mocks(`{"status":302,"headers":{"Location":"/b?x=1"}}`, `{"status":301,"headers":{"Location":"https://o/c"}}`, `{"body":{"ok":1}}`) +
				`"expect":{"actions":{"H":{"status":"Succeeded","code":"OK","outputs":{"body":{"ok":1}}}},"calls":[{"uri":"https://h/a"},{"uri":"https://h/b\\?x=1"},{"uri":"https://o/c"}]}`, nil},
		{"§11.11 redirects: of POST they are the answer", "", request("POST", "", ""),
			mocks(`{"status":302,"headers":{"Location":"/b"}}`) + `"expect":{"actions":{"H":{"status":"Succeeded","code":"Found","outputs":{"statusCode":302}}}}`, nil},
		{"§11.11 async pattern: polled by GET until it is not 202", "", request("POST", "", `,"body":{"x":1},"headers":{"X-Key":"k"}`),
			mocks(`{"status":202,"headers":{"Location":"/jobs/1","Retry-After":"5"}}`, `{"status":202,"headers":{"Location":"https://h/jobs/2"}}`, `{"status":202}`, `{"status":200,"body":{"done":true}}`) +
				`"expect":{"actions":{"H":{"status":"Succeeded","code":"OK","outputs":{"body":{"done":true}}}},"calls":[{"method":"POST","uri":"https://h/a"},{"method":"GET","uri":"https://h/jobs/1","headers":{"X-Key":"k"}},{"uri":"https://h/jobs/2"},{"uri":"https://h/jobs/2"}]}`, nil},
		{"§11.11 async pattern: the final answer decides", "", request("POST", "", ""),
			mocks(`{"status":202,"headers":{"Location":"/j"}}`, `{"status":409,"body":"no"}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"Conflict","error":null,"outputs":{"statusCode":409,"body":"no"}}}}`, nil},
		{"§11.11 async pattern: 202 without Location is an answer", "", request("POST", "", ""),
			mocks(`{"status":202,"headers":{"Retry-After":"5"}}`) + `"expect":{"actions":{"H":{"status":"Succeeded","code":"Accepted"}},"calls":[{}]}`, nil},
		{"§12.2 DisableAsyncPattern", "", request("POST", `,"operationOptions":"DisableAsyncPattern"`, ""),
			mocks(`{"status":202,"headers":{"Location":"/j"}}`) + `"expect":{"actions":{"H":{"status":"Succeeded","code":"Accepted","outputs":{"statusCode":202}}}}`, nil},
		{"§12.4 polls are retried like requests", "", request("POST", "", fixed),
			mocks(`{"status":202,"headers":{"Location":"/j"}}`, `{"status":503}`, `{"status":429}`, `{"status":202}`, `{"status":500}`, `{"status":500}`, `{"status":200}`) +
				`"expect":{"actions":{"H":{"status":"Succeeded","code":"OK"}}}`, nil},
		{"§12.4 polls are retried as often as the policy says", "", request("POST", "", fixed),
			mocks(`{"status":202,"headers":{"Location":"/j"}}`, `{"status":503}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"ServiceUnavailable"}},"calls":[{"method":"POST"},{"method":"GET"},{"method":"GET"},{"method":"GET"}]}`, nil},
		{"§12.5 limit.timeout bounds the polls", "", request("POST", `,"limit":{"timeout":"PT1M"}`, ""),
			mocks(`{"status":202,"headers":{"Location":"/j","Retry-After":"25"}}`) + `"expect":{"actions":{"H":{"status":"TimedOut","code":"ActionTimedOut"}},"calls":[{"method":"POST"},{"method":"GET"},{"method":"GET"}]}`, nil},
		{"§12.5 limit.timeout bounds the retries", "", request("GET", `,"limit":{"timeout":"PT50S"}`, fixed),
			mocks(`{"status":500}`) + `"expect":{"status":"TimedOut","actions":{"H":{"status":"TimedOut","code":"ActionTimedOut"}},"calls":[{},{}]}`, nil},
		{"§12.4 default policy: 4 retries", "", request("GET", "", ""), mocks(`{"status":503}`, `{"status":503}`, `{"status":503}`, `{"status":503}`, `{"status":200}`) + `"expect":{"actions":{"H":"Succeeded"},"calls":[{},{},{},{},{}]}`, nil},
		{"§12.4 default policy: no more", "", request("GET", "", `,"retryPolicy":{"type":"default"}`), mocks(`{"status":503}`, `{"status":503}`, `{"status":503}`, `{"status":503}`, `{"status":503}`, `{"status":200}`) + `"expect":{"actions":{"H":"Failed"}}`, nil},
		{"§12.4 none", "", request("GET", "", none), mocks(`{"status":503}`, `{"status":200}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"ServiceUnavailable"}}}`, nil},
		{"§12.4 exponential with expressions", "", request("GET", "", `,"retryPolicy":{"type":"Exponential","count":"@add(0,1)","interval":"PT@{5}S","minimumInterval":"PT5S","maximumInterval":"PT10S"}`),
			mocks(`{"status":408}`, `{"status":200}`) + `"expect":{"actions":{"H":"Succeeded"}}`, nil},
		{"§12.4 4xx is not retried", "", request("GET", "", fixed), mocks(`{"status":404}`, `{"status":200}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"NotFound","error":null}}}`, nil},
		{"§12.4 501 is retried", "", request("GET", "", fixed), mocks(`{"status":501}`, `{"status":200}`) + `"expect":{"actions":{"H":"Succeeded"}}`, nil},
		{"§12.4 Retry-After in seconds replaces the wait", "", `{"H":{"type":"Http","inputs":{"method":"GET","uri":"https://h/a"` + fixed + `}},"T":{"type":"Compose","inputs":"@utcNow('HH:mm:ss')","runAfter":{"H":["Succeeded"]}}}`,
			mocks(`{"status":429,"headers":{"Retry-After":"100"}}`, `{"status":200}`) + `"expect":{"actions":{"T":{"outputs":"12:01:40"}}}`, nil},
		{"§12.4 Retry-After as a date replaces the wait", "", `{"H":{"type":"Http","inputs":{"method":"GET","uri":"https://h/a"` + fixed + `}},"T":{"type":"Compose","inputs":"@utcNow('HH:mm:ss')","runAfter":{"H":["Succeeded"]}}}`,
			mocks(`{"status":503,"headers":{"Retry-After":"Fri, 15 Mar 2024 12:05:00 GMT"}}`, `{"status":200}`) + `"expect":{"actions":{"T":{"outputs":"12:05:00"}}}`, nil},
		{"§12.4 fixed waits", "", `{"H":{"type":"Http","inputs":{"method":"GET","uri":"https://h/a"` + fixed + `}},"T":{"type":"Compose","inputs":"@utcNow('HH:mm:ss')","runAfter":{"H":["Succeeded"]}}}`,
			mocks(`{"status":503}`, `{"status":503}`, `{"status":200}`) + `"expect":{"actions":{"T":{"outputs":"12:01:00"}}}`, nil},
		{"§12.3 pages until there are enough", "", request("GET", paged, ""),
			mocks(page(1, `"/a?p=2"`), page(2, `"/a?p=3"`), page(3, `"/a?p=4"`)) + `"expect":{"actions":{"H":{"code":"OK","outputs":{"body":{"value":[1,2,3,4,5,6]}}}},"calls":[{"uri":"https://h/a"},{"uri":"https://h/a\\?p=2"},{"uri":"https://h/a\\?p=3"}]}`, nil},
		{"§12.3 pages until there are no more", "", request("GET", paged, ""), mocks(page(1, `"/a?p=2"`), page(2, `null`)) + `"expect":{"actions":{"H":{"outputs":{"body":{"value":[1,2,3,4]}}}}}`, nil},
		{"§12.3, §12.4 each page has all retries", "", request("GET", paged, fixed),
			mocks(page(1, `"/a?p=2"`), `{"status":503}`, `{"status":503}`, page(2, `"/a?p=3"`), `{"status":500}`, `{"status":429}`, page(3, `null`)) + `"expect":{"actions":{"H":{"outputs":{"body":{"value":[1,2,3,4,5,6]}}}}}`, nil},
		{"§12.3 a page that stays away fails the action", "", request("GET", paged, fixed),
			mocks(page(1, `"/a?p=2"`), `{"status":503,"body":"busy"}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"ServiceUnavailable","error":null,"outputs":{"statusCode":503,"body":"busy"}}},"calls":[{},{},{},{}]}`, nil},
		{"§12.8 parts that come unasked are put together", "", request("GET", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`, ""),
			mocks(`{"status":206,"headers":{"Content-Range":"bytes 0-2/5","Content-Type":"text/plain"},"body":"abc"}`, `{"status":503}`, `{"status":206,"headers":{"Content-Range":"bytes 3-4/5","Content-Type":"text/plain"},"body":"de"}`) +
				`"expect":{"actions":{"H":{"code":"OK","outputs":{"statusCode":200,"body":"abcde"}}},"calls":[{"headers":{"Range":"bytes=3-4"}}]}`, nil},
		{"§12.8 small bodies go in one piece", "", request("POST", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`, `,"body":{"a":1}`),
			mocks(`{"status":200,"body":{}}`) + `"expect":{"actions":{"H":"Succeeded"},"calls":[{"method":"POST","body":{"a":1}}]}`, nil},
		{"§12.8 large bodies go in chunks", "", request("POST", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked","uploadChunkSizeInMB":1}}`, `,"body":"@triggerBody()"`),
			`"trigger":{"bodyText":"` + strings.Repeat("x", 1288889) + `"},` + mocks(`{"status":200,"headers":{"Location":"/up"}}`, `{"status":200}`, `{"status":503}`, `{"status":201,"body":"stored"}`) +
				`"expect":{"actions":{"H":{"code":"Created","outputs":{"body":"stored"}}},"calls":[{"method":"POST","headers":{"x-ms-transfer-mode":"chunked","x-ms-content-length":"1288889"}},{"method":"PATCH","uri":"https://h/up","headers":{"Content-Range":"bytes=0-1048575/1288889"}},{"method":"PATCH","headers":{"Content-Range":"bytes=1048576-1288888/1288889"}},{"method":"PATCH","headers":{"Content-Range":"bytes=1048576-1288888/1288889"}}]}`, nil},
		{"§11.10 a mocked call fetches no token", "", request("GET", "", `,"authentication":{"type":"ActiveDirectoryOAuth","tenant":"t","audience":"a","clientId":"c","secret":"s"}`),
			mocks(`{}`) + `"expect":{"actions":{"H":"Succeeded"},"calls":[{}]}`, nil},
		{"§13.5 a uri that cannot be called", "", `{"H":{"type":"Http","inputs":{"method":"GET","uri":"@{triggerBody()?['none']}"}}}`, mocks(`{}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"BadRequest","inputs":{"method":"GET"}}}}`, nil},
		{"§13.5 a header that cannot be sent", "", request("GET", "", `,"headers":{"X":"a@{decodeUriComponent('%0A')}b"}`), mocks(`{}`) + `"expect":{"actions":{"H":{"status":"Failed","code":"BadRequest","error":{"contains":"header 'X'"},"inputs":{"method":"GET"}}}}`, nil},
	})
}

// wdl-semantics §11.11: the code of a status is its .NET name, or its number.
func TestStatusNames(t *testing.T) {
	for status, want := range map[int]string{
		200: "OK", 201: "Created", 202: "Accepted", 203: "NonAuthoritativeInformation", 204: "NoContent", 206: "PartialContent", 207: "207", 304: "NotModified",
		400: "BadRequest", 401: "Unauthorized", 402: "PaymentRequired", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 408: "RequestTimeout", 409: "Conflict", 410: "Gone",
		412: "PreconditionFailed", 413: "RequestEntityTooLarge", 414: "RequestUriTooLong", 415: "UnsupportedMediaType", 417: "ExpectationFailed", 418: "418", 422: "422", 426: "UpgradeRequired", 429: "429", 451: "451",
		500: "InternalServerError", 501: "NotImplemented", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout", 505: "HttpVersionNotSupported", 599: "599",
	} {
		end := map[bool]string{true: "Failed", false: "Succeeded"}[status >= 400]
		rule{"", "", request("PUT", "", `,"retryPolicy":{"type":"none"}`), mocks(fmt.Sprintf(`{"status":%d}`, status)) +
			fmt.Sprintf(`"expect":{"actions":{"H":{"status":"%s","code":"%s","error":null,"outputs":{"statusCode":%d}}}}`, end, want, status), nil}.check(t)
	}
}
