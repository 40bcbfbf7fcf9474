package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/internal/server"
)

// TestPeopleFromTheCommandLine: users and groups, and roles that are given to them.
func TestPeopleFromTheCommandLine(t *testing.T) {
	t.Parallel()
	w := upWith(t, nil)
	var o server.Operator
	content, err := os.ReadFile(filepath.Join(w.home, ".isle", server.OperatorFile))
	if err != nil || json.Unmarshal(content, &o) != nil || o.UserName != "operator@isle.local" || o.Password == "" {
		t.Fatalf("%v: operator.json does not say who signs in", err)
	}
	if list := w.succeed("bin/isle role list"); !strings.Contains(list, "operator@isle.local") {
		t.Errorf("the first person has no role:\n%s", list)
	}
	if out := w.succeed("bin/isle user create bob --role Reader"); !strings.Contains(out, "shown once") {
		t.Errorf("%s", out)
	}
	w.refuses("bin/isle user create eve --role Nothing", `there is no role "Nothing"`)
	w.refuses("bin/isle role create Reader --assignee eve", "no user, application or group is known")
	w.succeed("bin/isle group create team --description 'all of us' && bin/isle group create inner && bin/isle group add team bob && bin/isle group add team inner")
	w.refuses("bin/isle group add team bob", "already exist")
	w.refuses("bin/isle group add nobody bob", `there is no group "nobody"`)
	w.succeed("bin/isle role create Contributor --assignee team -g isle")
	for line, want := range map[string][]string{
		"bin/isle group list":         {"team", "all of us", "inner"},
		"bin/isle group members team": {"bob@isle.local", "User", "inner", "Group"},
		"bin/isle role list -g isle":  {"Contributor", "team", "Group", "Reader", "bob@isle.local"},
		"bin/isle user list":          {"bob@isle.local", "operator@isle.local"},
	} {
		out := w.succeed(line)
		for _, text := range want {
			if !strings.Contains(out, text) {
				t.Errorf("%s does not show %s:\n%s", line, text, out)
			}
		}
	}
	w.succeed("bin/isle group remove team bob && bin/isle role delete Contributor --assignee team -g isle && bin/isle group delete team")
	if out := w.succeed("bin/isle group list"); strings.Contains(out, "team") {
		t.Errorf("%s", out)
	}
}
