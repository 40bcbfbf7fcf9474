//go:build real

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The az CLI signs in as applications, by secret and by certificate, and as people, by
// password and by device code, and may do what their roles say.
func TestRealAzSignIn(t *testing.T) {
	t.Parallel()
	findAz(t)
	w := newWorkspace(t)
	w.env = append(w.env, "AZURE_CONFIG_DIR="+filepath.Join(w.home, "az"), "AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_OUTPUT=json")
	s, ready := w.up()
	w.succeed("bin/isle az --apply")
	w.env = append(w.env, "REQUESTS_CA_BUNDLE="+ready["caFile"])
	pemFile := filepath.Join(w.home, "pipe.pem")
	writeKeyPair(t, pemFile)

	byCert := azJSON[application](w, "bin/isle app create pipe --json --certificate "+pemFile)
	bySecret := azJSON[application](w, "bin/isle app create deploy --json")
	for _, app := range []application{byCert, bySecret} {
		w.succeed("bin/isle role create Reader --assignee " + app.ID)
	}
	w.succeed("echo correct horse battery | bin/isle user create ann --password-stdin && bin/isle role create 'Logic App Operator' --assignee ann -g isle")
	const tenant = " --tenant "
	w.succeed("az login --service-principal -u " + byCert.ID + " -p " + pemFile + tenant + ready["tenantId"])
	w.succeed("az group list")
	w.succeed("az login --service-principal -u " + bySecret.ID + " -p " + bySecret.Secret + tenant + ready["tenantId"])
	if said := w.fail("az group create -n other -l local"); !strings.Contains(said, "AuthorizationFailed") {
		t.Errorf("a reader makes a group: %s", said)
	}
	if said := w.fail("az login --service-principal -u " + bySecret.ID + " -p wrong" + tenant + ready["tenantId"]); !strings.Contains(said, "AADSTS7000215") {
		t.Errorf("a wrong secret: %s", said)
	}
	w.succeed("az login -u ann@isle.local -p 'correct horse battery'")
	w.succeed("az logout; (az login --use-device-code >done.txt 2>said.txt; echo $? >ended.txt) </dev/null >/dev/null 2>&1 &")
	signInDevice(t, w, ready, "ann", "correct horse battery")
	if user := azJSON[struct{ User struct{ Name string } }](w, "az account show").User.Name; user != "ann@isle.local" {
		t.Errorf("az account show: %s", user)
	}
	groups := azJSON[[]struct{ Name string }](w, "az group list")
	if len(groups) != 1 || groups[0].Name != "isle" {
		t.Errorf("az group list: %v", groups)
	}
	s.stop(syscall.SIGTERM)
}

func writeKeyPair(t *testing.T, file string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pipe"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually reads a file of the workspace until it matches.
func eventually(t *testing.T, w *workspace, file string, form *regexp.Regexp) []string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		text := w.succeed("cat " + file + " 2>/dev/null || true")
		if m := form.FindStringSubmatch(text); m != nil {
			return m
		}
	}
	t.Fatalf("%s never came to match %s: %s", file, form, w.succeed("cat said.txt done.txt || true"))
	return nil
}

// signInDevice does what a person does with the code that az shows.
func signInDevice(t *testing.T, w *workspace, ready map[string]string, user, password string) {
	t.Helper()
	shown := eventually(t, w, "said.txt", regexp.MustCompile(`page (https://\S+) and enter the code (\w+)`))
	ca, err := os.ReadFile(ready["caFile"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer browser.CloseIdleConnections()
	page := ""
	read := func(res *http.Response, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if page = string(text); res.StatusCode != http.StatusOK {
			t.Fatal(res.Status, page)
		}
	}
	form := func(values url.Values) url.Values {
		values.Set("form", html.UnescapeString(regexp.MustCompile(`name="form" value="([^"]*)"`).FindStringSubmatch(page)[1]))
		return values
	}
	read(browser.Get(shown[1]))
	read(browser.PostForm(shown[1], form(url.Values{"code": {shown[2]}})))
	read(browser.PostForm(shown[1], form(url.Values{"code": {shown[2]}, "username": {user}, "password": {password}})))
	if m := eventually(t, w, "ended.txt", regexp.MustCompile(`\d+`)); m[0] != "0" {
		t.Fatalf("az login --use-device-code ends with %s: %s", m[0], w.succeed("cat said.txt"))
	}
}
