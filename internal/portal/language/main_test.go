package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheFileIsWhatTheLanguageSays(t *testing.T) {
	want, err := language()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../ui/src/workflows/language.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("language.json is not what the language says now: go run ./internal/portal/language writes it")
	}
}
