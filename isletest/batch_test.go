package isletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"isle/isletest"
)

// TestMessagesAreSentToABatch: wdl-semantics §10.6 and §11.13, through the API.
func TestMessagesAreSentToABatch(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("batches")
	receiver := group + "/providers/Microsoft.Logic/workflows/receiver"
	sender := func(to string) string {
		return workflowBody(fmt.Sprintf(`{"Send":{"type":"SendToBatch","inputs":{"batchName":"orders","partitionName":"@triggerBody()?['partition']","messageId":"@triggerBody()?['id']","content":"@triggerBody()?['content']","host":{"triggerName":"Batch","workflow":{"id":%q}}}},
			"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Send')"},"runAfter":{"Send":["Succeeded"]}}}`, to))
	}
	path := group + "/providers/Microsoft.Logic/workflows/sender"
	if a := s.Do(http.MethodPut, path, sender(receiver)); a.Status != http.StatusBadRequest || a.Text("error", "code") != "SendToBatchReceiverNotFound" {
		t.Fatalf("a sender without its receiver: %d %s", a.Status, a.Body)
	}
	body := `{"location":"local","properties":{"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"triggers":{"Batch":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"orders":{"releaseCriteria":{"messageCount":2}}}}}},
		"actions":{"Count":{"type":"Compose","inputs":"@length(triggerBody()['items'])"}},"outputs":{"batch":{"type":"Object","value":"@triggerBody()"}}}}}`
	if a := s.Do(http.MethodPut, receiver, body); a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, url := put(t, s, group, "sender", sender(receiver))
	for _, message := range []string{`{"partition":"north","id":"1","content":{"n":1}}`, `{"content":"alone"}`, `{"partition":"north","id":"2","content":[2]}`} {
		a := s.Call(url, message)
		if a.Status != 200 || a.Text("statusCode") != "202" || a.Text("body", "batchName") != "orders" || a.Text("body", "messageId") == "" || a.Text("body", "partitionName") == "" {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	var run isletest.Answer
	until(t, "the batch is released", func() bool {
		run = lastRun(s, receiver)
		return run.Text("value", 0, "properties", "status") == "Succeeded"
	})
	if second := s.Do(http.MethodGet, receiver+"/runs", nil).Text("value", 1, "name"); second != "" {
		t.Error("a second batch was released")
	}
	var shown struct {
		Value []struct {
			Properties struct {
				Outputs struct {
					Batch struct{ Value json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(run.Body, &shown); err != nil {
		t.Fatal(err)
	}
	if got := string(shown.Value[0].Properties.Outputs.Batch.Value); !sameJSON(t, got, `{"batchName":"orders","partitionName":"north","items":[{"content":{"n":1},"messageId":"1"},{"content":[2],"messageId":"2"}]}`) {
		t.Errorf("the batch is %s", got)
	}
	if a := s.Do(http.MethodDelete, receiver, nil); a.Status != http.StatusConflict || a.Text("error", "code") != "InUseBatchReceiverCannotBeDeleted" {
		t.Errorf("deleting a receiver: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodDelete, group, nil); a.Status >= 300 {
		t.Errorf("deleting the group of both: %d %s", a.Status, a.Body)
	}
	until(t, "the group of both is gone", func() bool { return s.Do(http.MethodGet, group, nil).Status == http.StatusNotFound })
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	normal := func(text string) string {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		out, _ := json.Marshal(v)
		return string(out)
	}
	return normal(a) == normal(b)
}
