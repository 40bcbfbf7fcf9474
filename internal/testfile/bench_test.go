package testfile

import (
	"context"
	"testing"
)

// BenchmarkCase runs one case with a mocked call and a response, its definition
// compiled as for every case.
func BenchmarkCase(b *testing.B) {
	f, err := parse([]byte(`{"definition":{"triggers":{"manual":{"type":"Request"}},"actions":{
		"Get":{"type":"Http","inputs":{"method":"GET","uri":"https://h.example/@{triggerBody()?['id']}"}},
		"Each":{"type":"Foreach","foreach":"@body('Get')","actions":{"Double":{"type":"Compose","inputs":"@mul(item(),2)"}},"runAfter":{"Get":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@body('Get')"},"runAfter":{"Each":["Succeeded"]}}}},
		"cases":[{"clock":"2024-03-15T10:30:45Z","trigger":{"body":{"id":1}},"mocks":[{"responses":[{"body":[1,2,3]}]}],
			"expect":{"status":"Succeeded","actions":{"Double":{"repetitions":3}},"response":{"status":200,"body":[1,2,3]}}}]}`), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		f.Run(context.Background(), func(r Result) {
			if r.Failures != nil {
				b.Fatal(r.Failures)
			}
		})
	}
}
