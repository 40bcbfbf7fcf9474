package testfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"isle/expr"
)

// Find lists the test files below a folder, in order of their paths: every
// *.test.json, and every other .json file that has a definition and cases. It does not
// leave the folder, and passes over folders whose name begins with a dot and
// node_modules. That there is none is an error.
func Find(folder string) ([]string, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var found []string
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", filepath.Join(folder, filepath.FromSlash(path)), err)
		case entry.IsDir() && passedOver(entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && isTestFile(root, path):
			found = append(found, filepath.Join(folder, filepath.FromSlash(path)))
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there is no test file in %s: a test file is named *.test.json, or has the members \"definition\" and \"cases\"; `isle test --help` shows one", folder)
	}
	return found, err
}

// passedOver tells folders that hold no one's tests.
func passedOver(name string) bool {
	return name == "node_modules" || strings.HasPrefix(name, ".") && name != "."
}

// maxLooked bounds, in bytes, what a file may have that is opened to see whether it
// is a test file.
const maxLooked = 64 << 20

// isTestFile recognises a test file by its name, or by what it holds.
func isTestFile(root *os.Root, path string) bool {
	name := strings.ToLower(path)
	if !strings.HasSuffix(name, ".json") {
		return false
	}
	info, err := root.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false // such as a link that leads out of the folder
	}
	if strings.HasSuffix(name, ".test.json") {
		return true
	}
	if info.Size() > maxLooked {
		return false
	}
	text, err := root.ReadFile(path)
	if err != nil {
		return false
	}
	document, err := expr.ReadJSON(text)
	if err != nil {
		return false
	}
	cases, _ := document.Get("cases")
	_, defined := document.Get("definition")
	return defined && cases.Kind() == expr.KindArray
}
