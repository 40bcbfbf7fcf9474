package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// client calls the resource manager of a server that was started.
type client struct {
	http  *http.Client
	ready ready
	token string
}

func (p *process) client() (*client, error) {
	h, err := clientFor(p.ready.CAFile)
	if err != nil {
		return nil, err
	}
	c := &client{http: h, ready: p.ready}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {p.ready.ClientID}, "client_secret": {p.ready.ClientSecret}, "scope": {p.ready.Endpoint + "/.default"}}
	resp, err := h.PostForm(p.ready.Authority+"/"+p.ready.TenantID+"/oauth2/v2.0/token", form)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	c.token = answer.Token
	return c, err
}

// do sends a request and decodes the answer into out, unless that is nil.
func (c *client) do(method, path string, body []byte, out any) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	req, err := http.NewRequest(method, c.ready.Endpoint+path+separator+"api-version=2019-05-01", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func (c *client) id(workflow string) string {
	return "/subscriptions/" + c.ready.SubscriptionID + "/resourceGroups/" + c.ready.ResourceGroup + "/providers/Microsoft.Logic/workflows/" + workflow
}

// put saves a workflow in the environment.
func (c *client) put(name, triggers, actions string) error {
	environment := "/subscriptions/" + c.ready.SubscriptionID + "/resourceGroups/" + c.ready.ResourceGroup + "/providers/Microsoft.Logic/integrationServiceEnvironments/" + c.ready.Environment
	return c.save(name, fmt.Sprintf(`"integrationServiceEnvironment":{"id":%q},`, environment), triggers, actions)
}

// putOutside saves a workflow that is called, outside of the environment.
func (c *client) putOutside(name, actions string) error { return c.save(name, "", called, actions) }

func (c *client) save(name, properties, triggers, actions string) error {
	body := fmt.Sprintf(`{"location":"local","properties":{%s"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":%s,"actions":%s}}}`,
		properties, triggers, actions)
	return c.do(http.MethodPut, c.id(name), []byte(body), nil)
}

// called is the trigger of workflows that are called.
const called = `{"manual":{"type":"Request","kind":"Http","inputs":{}}}`

// workflow saves a workflow that is called, and gives the URL to call it by.
func (c *client) workflow(name, actions string) (callback string, err error) {
	if err := c.put(name, called, actions); err != nil {
		return "", err
	}
	return c.callback(name)
}

// callback is the URL of the trigger "manual".
func (c *client) callback(workflow string) (string, error) {
	var answer struct{ Value string }
	err := c.do(http.MethodPost, c.id(workflow)+"/triggers/manual/listCallbackUrl", nil, &answer)
	return answer.Value, err
}

// metric is a number that the server counts of a workflow, or "" of itself; 0 while it
// counts none.
func (c *client) metric(name, workflow string) (int, error) {
	begins, holds := name+"{", "/"+workflow+`"`
	if workflow == "" {
		begins, holds = name+" ", ""
	}
	resp, err := c.http.Get(c.ready.Endpoint + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, begins) && strings.Contains(line, holds) {
			value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):][1:]), 64)
			return int(value), err
		}
	}
	return 0, nil
}

// unfinished tells of a workflow's newest runs which did not succeed.
func (c *client) unfinished(workflow string) (status string, err error) {
	var page struct {
		Value []struct{ Properties struct{ Status string } }
	}
	if err := c.do(http.MethodGet, c.id(workflow)+"/runs?$top=100", nil, &page); err != nil {
		return "", err
	}
	for _, r := range page.Value {
		if r.Properties.Status != "Succeeded" {
			return r.Properties.Status, nil
		}
	}
	return "", nil
}
