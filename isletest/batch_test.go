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
	t.Parallel()
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

// TestBatchesOfAnIntegrationAccount: the criteria stand in the account of the receiver, by
// batch group, and a change of them holds for what waits (wdl-semantics §10.6).
func TestBatchesOfAnIntegrationAccount(t *testing.T) {
	s := isletest.Start(t)
	group := s.Group("batches")
	logic := group + "/providers/Microsoft.Logic"
	receiver, account := logic+"/workflows/receiver", logic+"/integrationAccounts/acc"
	want := func(method, path, body, code string) {
		t.Helper()
		if a := s.Do(method, path, body); a.Text("error", "code") != code || code == "" && a.Status >= 300 {
			t.Fatalf("%s %s: %d %s, want code %q", method, path, a.Status, a.Body, code)
		}
	}
	criteria := func(name, batchGroup, criteria string) {
		t.Helper()
		want(http.MethodPut, account+"/batchConfigurations/"+name, `{"properties":{"batchGroupName":"`+batchGroup+`","releaseCriteria":`+criteria+`}}`, "")
	}
	of := func(account string) string {
		return `{"location":"local","properties":{` + account + `"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
			"triggers":{"Batch":{"type":"Batch","inputs":{"mode":"IntegrationAccount","batchGroupName":"edi"}}},"actions":{"A":{"type":"Compose","inputs":"@triggerBody()"}},"outputs":{"n":{"type":"Int","value":"@length(triggerBody()['items'])"}}}}}`
	}
	want(http.MethodPut, receiver, of(""), "IntegrationAccountRequired")
	want(http.MethodPut, account, `{"location":"local","sku":{"name":"Standard"}}`, "")
	want(http.MethodPut, receiver, of(`"integrationAccount":{"id":"`+account+`"},`), "")
	_, url := put(t, s, group, "sender", workflowBody(fmt.Sprintf(`{"Send":{"type":"SendToBatch","inputs":{"batchName":"@triggerBody()","content":1,"host":{"triggerName":"Batch","workflow":{"id":%q}}}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@coalesce(actions('Send')?['error']?['code'], actions('Send')?['outputs']?['body']?['batchName'])"},"runAfter":{"Send":["Succeeded","Failed"]}}}`, receiver)))
	send := func(batch, answer string) {
		t.Helper()
		if a := s.Call(url, `"`+batch+`"`); string(a.Body) != answer {
			t.Fatalf("a message for %s: %d %s, want %s", batch, a.Status, a.Body, answer)
		}
	}
	send("Orders", "BatchConfigurationNotFound")
	criteria("orders", "other", `{"messageCount":2}`)
	send("Orders", "BatchConfigurationNotFound")
	criteria("orders", "EDI", `{"messageCount":3}`)
	released := func(runs int, items string) {
		t.Helper()
		until(t, "the batch is released", func() bool { return lastRun(s, receiver).Text("value", 0, "properties", "status") == "Succeeded" })
		page := s.Do(http.MethodGet, receiver+"/runs", nil)
		if n := page.Text("value", 0, "properties", "outputs", "n", "value"); n != items || page.Text("value", runs, "name") != "" {
			t.Errorf("%s", page.Body)
		}
	}
	for range 3 {
		send("Orders", "orders")
	}
	released(1, "3")
	send("orders", "orders")
	criteria("orders", "edi", `{"messageCount":1}`) // for what waits already
	until(t, "what waited is released", func() bool {
		return s.Do(http.MethodGet, receiver+"/runs", nil).Text("value", 1, "name") != ""
	})
	released(2, "1")
	want(http.MethodDelete, account+"/batchConfigurations/orders", "", "")
	send("orders", "BatchConfigurationNotFound")
}
