package runner

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

const testFlow = "0123456789abcdef0123456789abcdef"

func TestCallbackURLHasTheServiceShape(t *testing.T) {
	l := TriggerLink(testFlow, "", "manual", "", "2016-10-01")
	got := l.URL("https://localhost:8443", []byte("key"))
	head, sig, _ := strings.Cut(got, "&sig=")
	want := "https://localhost:8443/workflows/" + testFlow + "/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
	if head != want || len(sig) != 43 {
		t.Errorf("%s", got)
	}
	c := ContentLink(testFlow, "08", "/actions/My action/repetitions/000001", "ActionInputs", "2016-10-01", time.Date(2019, 1, 23, 18, 59, 0, 0, time.UTC))
	got = c.URL("", []byte("key"))
	for _, part := range []string{"/actions/My%20action/repetitions/000001/contents/ActionInputs?", "&se=2019-01-23T22%3A00%3A00.0000000Z&", "&sp=%2Fruns%2F08%2Factions%2FMy%20action%2Frepetitions%2F000001%2Fcontents%2FActionInputs%2Fread&"} {
		if !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
}

func TestVerify(t *testing.T) {
	now := time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)
	keys := [][]byte{[]byte("primary"), []byte("secondary")}
	query := func(l Link, key string) url.Values {
		u, err := url.Parse(l.URL("https://x", []byte(key)))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	trigger := TriggerLink(testFlow, "", "manual", "", "2016-10-01")
	dated := trigger
	dated.Expires = now.Add(time.Minute)
	expired := trigger
	expired.Expires = now
	whole := Link{FlowID: testFlow, Permission: "//*"}
	for _, c := range []struct {
		name  string
		query url.Values
		want  error
	}{
		{"primary", query(trigger, "primary"), nil},
		{"secondary", query(trigger, "secondary"), nil},
		{"other case", query(TriggerLink(testFlow, "", "Manual", "", ""), "primary"), nil},
		{"not yet expired", query(dated, "primary"), nil},
		{"whole workflow", query(whole, "primary"), nil},
		{"expired", query(expired, "primary"), ErrSignatureExpired},
		{"revoked key", query(trigger, "old"), ErrSignatureInvalid},
		{"another trigger's", query(TriggerLink(testFlow, "", "other", "", ""), "primary"), ErrSignatureInvalid},
		{"another version's", query(TriggerLink(testFlow, "08", "manual", "", ""), "primary"), ErrSignatureInvalid},
		{"another workflow's", query(TriggerLink(strings.Repeat("0", 32), "", "manual", "", ""), "primary"), ErrSignatureInvalid},
		{"none", url.Values{}, ErrSignatureMissing},
		{"empty", url.Values{"sig": {""}}, ErrSignatureMissing},
	} {
		if err := Verify(keys, testFlow, "/triggers/manual/run", c.query, now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for name, change := range map[string]func(url.Values){
		"later expiry": func(q url.Values) { q.Set("se", now.Add(time.Hour).Format(expiryLayout)) },
		"no expiry":    func(q url.Values) { q.Del("se") },
		"empty expiry": func(q url.Values) { q.Set("se", "") },
		"two expiries": func(q url.Values) { q.Add("se", "x") },
		"permission":   func(q url.Values) { q.Set("sp", "//*") },
		"version":      func(q url.Values) { q.Set("sv", "2.0") },
		"sig":          func(q url.Values) { q.Set("sig", strings.Repeat("A", 43)) },
	} {
		q := query(dated, "primary")
		change(q)
		if err := Verify(keys, testFlow, "/triggers/manual/run", q, now); err == nil {
			t.Errorf("changed %s was accepted", name)
		}
	}
}
