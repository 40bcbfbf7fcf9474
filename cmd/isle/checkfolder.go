package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// path checks a file, or all that can be checked below a folder.
func (c *checker) path(name string) {
	if info, err := os.Stat(name); name == "-" || err != nil || !info.IsDir() {
		c.file(name)
		return
	}
	c.folders = true
	root, err := os.OpenRoot(name)
	if err != nil {
		c.report(name, []finding{unreadable(name, err)})
		return
	}
	defer root.Close()
	_ = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		shown := filepath.Join(name, filepath.FromSlash(path))
		switch {
		case err != nil:
			c.report(shown, []finding{unreadable(shown, err)})
		case entry.IsDir() && passedOver(path):
			return fs.SkipDir
		case !entry.IsDir() && strings.EqualFold(filepath.Ext(path), ".json"):
			c.found(root, path, shown, entry.Type()&fs.ModeSymlink != 0)
		}
		return nil
	})
}

// passedOver tells folders that hold no one's definitions.
func passedOver(path string) bool {
	base := filepath.Base(path)
	return base == "node_modules" || strings.HasPrefix(base, ".") && base != "."
}

// found checks a file of a folder, unless it is about something else. A link that
// leads out of the folder is somebody else's.
func (c *checker) found(root *os.Root, path, shown string, link bool) {
	if findings, ok := c.ofProject(shown); ok {
		c.report(shown, findings)
		return
	}
	content, err := root.ReadFile(path)
	if err != nil && link {
		c.passOver(shown)
		return
	}
	if err != nil {
		c.report(shown, []finding{unreadable(shown, err)})
		return
	}
	d, err := openDocument(shown, content)
	switch {
	case err != nil && (!d.isJSON || d.isMeant()):
		c.report(shown, []finding{unreadable(shown, err)})
	case err != nil || d.kind == testDocument:
		c.passOver(shown)
	default:
		c.report(shown, c.check(d))
	}
}

// passOver notes a file that is about something else.
func (c *checker) passOver(shown string) {
	c.total.Passed++
	if c.verbose && !c.asJSON {
		fmt.Fprintf(c.out, "%s: passed over\n", shown)
	}
}
