package gateway

import "testing"

// The link of a capture is one path, whose signature is of that capture alone.
func TestCaptureTarget(t *testing.T) {
	got, ok := parseTarget("/packetCaptures/abc/contents/Value")
	if !ok || got.kind != targetCapture || got.flowID != "abc" || got.permission() != "/packetCaptures/abc/read" || Route("/packetCaptures/abc/contents/Value") != "content" {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, path := range []string{"/packetCaptures/abc", "/packetCaptures/abc/contents", "/packetCaptures/abc/contents/Value/x", "/packetCaptures/../contents/Value", "/packetCaptures//contents/Value"} {
		if _, ok := parseTarget(path); ok {
			t.Errorf("%s names something", path)
		}
	}
}
