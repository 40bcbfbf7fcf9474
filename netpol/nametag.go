package netpol

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DecodeNameTags reads FQDN tags: on each line the name of a tag, and behind it names of
// hosts ("example.com", "*.example.com"); a tag may have several lines. What follows a #
// is for the reader. The error joins every problem.
func DecodeNameTags(text string) ([]NameTag, error) {
	tags := []NameTag{}
	var problems []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		entry, _, _ := strings.Cut(strings.TrimPrefix(line, "\ufeff"), "#")
		words := strings.Fields(entry)
		switch {
		case len(words) == 0:
			continue
		case !isTagName(words[0]) || len(words) == 1:
			problems = append(problems, fmt.Errorf("line %d: write the name of a tag, such as WindowsUpdate, and behind it names of hosts", number))
			continue
		}
		for _, name := range words[1:] {
			if err := CheckName(name); err != nil || strings.Trim(name, "*") == "" {
				problems = append(problems, fmt.Errorf("line %d: %q is not the name of a host, such as example.com or *.example.com", number, name))
			}
		}
		i := slices.IndexFunc(tags, func(t NameTag) bool { return strings.EqualFold(t.Name, words[0]) })
		if i < 0 {
			i, tags = len(tags), append(tags, NameTag{Name: words[0]})
		}
		tags[i].Names = append(tags[i].Names, words[1:]...)
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	return tags, nil
}

// DefaultNameTags are the tags whose names their maker has published for firewalls: those
// of Windows Update, as the guide to software update points lists them.
func DefaultNameTags() []NameTag {
	return []NameTag{{Name: "WindowsUpdate", Names: []string{
		"windowsupdate.microsoft.com", "*.windowsupdate.microsoft.com", "*.update.microsoft.com", "*.windowsupdate.com", "download.windowsupdate.com",
		"download.microsoft.com", "*.download.windowsupdate.com", "wustat.windows.com", "ntservicepack.microsoft.com", "go.microsoft.com", "dl.delivery.mp.microsoft.com", "*.delivery.mp.microsoft.com"}}}
}
