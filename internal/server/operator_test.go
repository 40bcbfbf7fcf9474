package server

import (
	"os"
	"path/filepath"
	"testing"
)

// The first start makes a client and a person, whose secrets stand in operator.json until
// the password is another one.
func TestTheOperatorsFile(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	first := s.Operator()
	if first.UserName != "operator@isle.local" || len(first.Password) < 20 {
		t.Fatal(first.UserName)
	}
	stop(t, s)
	s = start(t, data)
	if s.Operator() != first {
		t.Error("the second start has another operator")
	}
	stop(t, s)
	if err := os.Remove(filepath.Join(data, OperatorFile)); err != nil {
		t.Fatal(err)
	}
	s = start(t, data)
	next := s.Operator()
	if next.UserName != first.UserName || next.Password == first.Password || next.ClientSecret == first.ClientSecret {
		t.Error("a lost file gives no new secrets")
	}
	if _, err := s.issuer.FirstPerson(t.Context(), operatorPerson, "", s.own("User")); err != nil { // somebody changes the password
		t.Fatal(err)
	}
	stop(t, s)
	s = start(t, data)
	if o, err := ReadOperator(data); err != nil || o.Password != "" || o.UserName != "" || o != s.Operator() || o.ClientSecret != next.ClientSecret {
		t.Error("the file has a password that is no longer right", err)
	}
}
