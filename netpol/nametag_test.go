package netpol

import (
	"slices"
	"strings"
	"testing"
)

func TestDecodeNameTags(t *testing.T) {
	got, err := DecodeNameTags("\ufeff# tags\nBackup *.backup.example # of ours\n\nUpdate a.example b.example\r\nbackup vault.example\n")
	if err != nil || len(got) != 2 || got[0].Name != "Backup" || strings.Join(got[0].Names, " ") != "*.backup.example vault.example" || len(got[1].Names) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	_, err = DecodeNameTags("Alone\na-b x.example\nTag 10.0.0.1\nTag *\nTag a..b\nTag x.example a.*\n")
	for _, want := range []string{"line 1:", "line 2:", "line 3: \"10.0.0.1\"", "line 4: \"*\"", "line 5:", "line 6:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell %s", err, want)
		}
	}
}

// FuzzDecodeNameTags: what is taken compiles, and an application rule with a tag lets its
// names pass.
func FuzzDecodeNameTags(f *testing.F) {
	f.Add("Backup *.backup.example\nUpdate a.example b.example\n")
	f.Add("A.b *x.y #z\na.B y.z\n")
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := DecodeNameTags(text)
		if err != nil {
			return
		}
		c := &compiler{nameTags: map[string][]string{}}
		for i := range tags {
			c.nameTag(&tags[i])
		}
		if c.problems != nil {
			t.Fatal(c.problems)
		}
		for _, tag := range tags {
			rule := ApplicationRule{Tags: []string{strings.ToUpper(tag.Name)}}
			has := newNames(rule.named(c.nameTags))
			for _, name := range tag.Names {
				if !has.has(strings.Replace(name, "*", "x", 1)) {
					t.Errorf("%s lacks %s", tag.Name, name)
				}
			}
		}
	})
}

func TestDefaultNameTagsCanBeUsed(t *testing.T) {
	m := &Model{NameTags: DefaultNameTags()}
	if _, err := Compile(m); err != nil || !slices.ContainsFunc(m.NameTags, func(t NameTag) bool { return t.Name == "WindowsUpdate" }) {
		t.Error(err)
	}
}
