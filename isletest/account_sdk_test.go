package isletest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/isletest"
)

// accountWorld is a server with the account "acc" in the group "b2b".
type accountWorld struct {
	*isletest.Server
	clients
	t   *testing.T
	id  string
	ctx context.Context
}

func newAccountWorld(t *testing.T, v *witness, options ...isletest.Option) *accountWorld {
	t.Helper()
	w := &accountWorld{Server: isletest.Start(t, options...), t: t, ctx: t.Context()}
	w.clients = newClients(t, w.Server)
	if v != nil {
		credential, sdk := azure(t, w.Server)
		sdk.Transport = v.sees(w.HTTP())
		logic, err := armlogic.NewClientFactory(w.SubscriptionID, credential, sdk)
		must(t, err)
		w.logic = logic
	}
	made, err := w.logic.NewIntegrationAccountsClient().CreateOrUpdate(w.ctx, w.group(), "acc", armlogic.IntegrationAccount{
		Location: to.Ptr("West Europe"), Tags: map[string]*string{"stage": to.Ptr("test")},
		Properties: &armlogic.IntegrationAccountProperties{}, SKU: &armlogic.IntegrationAccountSKU{Name: to.Ptr(armlogic.IntegrationAccountSKUNameStandard)}}, nil)
	must(t, err)
	w.id = *made.ID
	return w
}

func (w *accountWorld) group() string {
	w.Group("b2b")
	return "b2b"
}

// refused wants an error of the SDK with a status and code.
func (w *accountWorld) refused(err error, status int, code string) {
	w.t.Helper()
	if e, ok := errors.AsType[*azcore.ResponseError](err); !ok || e.StatusCode != status || e.ErrorCode != code {
		w.t.Errorf("got %v, want %d %s", err, status, code)
	}
}

// open reads a signed link, without a token.
func (w *accountWorld) open(url string) isletest.Answer {
	w.t.Helper()
	return send(w.t, w.HTTP(), http.MethodGet, url)
}

// names reads all pages of a list and gives the names.
func names[P any](t *testing.T, pager *runtime.Pager[P], page func(P) []string) (all []string) {
	t.Helper()
	for pager.More() {
		p, err := pager.NextPage(t.Context())
		must(t, err)
		all = append(all, page(p)...)
	}
	return all
}

// driveAccounts: the life of an account, with its lists, keys, URLs and
// tracking events.
func driveAccounts(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountsClient()
	for _, name := range []string{"one", "two"} {
		_, err := c.CreateOrUpdate(w.ctx, "b2b", name, armlogic.IntegrationAccount{Location: to.Ptr("westeurope"), SKU: &armlogic.IntegrationAccountSKU{Name: to.Ptr(armlogic.IntegrationAccountSKUNameFree)}}, nil)
		must(t, err)
	}
	got, err := c.Get(w.ctx, "b2b", "ACC", nil)
	must(t, err)
	if *got.Name != "acc" || *got.Type != "Microsoft.Logic/integrationAccounts" || *got.Location != "West Europe" || *got.Tags["stage"] != "test" ||
		*got.SKU.Name != armlogic.IntegrationAccountSKUNameStandard || *got.Properties.State != armlogic.WorkflowStateEnabled || got.Properties.IntegrationServiceEnvironment != nil {
		t.Errorf("account: %s", w.Do(http.MethodGet, w.id, nil).Body)
	}
	inGroup := names(t, c.NewListByResourceGroupPager("b2b", &armlogic.IntegrationAccountsClientListByResourceGroupOptions{Top: to.Ptr[int32](2)}), func(p armlogic.IntegrationAccountsClientListByResourceGroupResponse) (list []string) {
		for _, a := range p.Value {
			list = append(list, *a.Name)
		}
		return append(list, "|")
	})
	if strings.Join(inGroup, " ") != "acc one | two |" {
		t.Errorf("accounts of the group, by two: %v", inGroup)
	}
	inSubscription := names(t, c.NewListBySubscriptionPager(nil), func(p armlogic.IntegrationAccountsClientListBySubscriptionResponse) (list []string) {
		for _, a := range p.Value {
			list = append(list, *a.Name)
		}
		return list
	})
	if strings.Join(inSubscription, " ") != "acc one two" {
		t.Errorf("accounts of the subscription: %v", inSubscription)
	}
	changed, err := c.Update(w.ctx, "b2b", "one", armlogic.IntegrationAccount{Location: to.Ptr("westeurope"), Tags: map[string]*string{"a": to.Ptr("b")},
		Properties: &armlogic.IntegrationAccountProperties{State: to.Ptr(armlogic.WorkflowStateDisabled)}, SKU: &armlogic.IntegrationAccountSKU{Name: to.Ptr(armlogic.IntegrationAccountSKUNameBasic)}}, nil)
	must(t, err)
	if *changed.SKU.Name != armlogic.IntegrationAccountSKUNameBasic || *changed.Properties.State != armlogic.WorkflowStateDisabled || *changed.Tags["a"] != "b" {
		t.Errorf("changed account: %+v %+v", changed.SKU, changed.Properties)
	}

	now := time.Now().UTC().Truncate(time.Second)
	must2(c.LogTrackingEvents(w.ctx, "b2b", "acc", armlogic.TrackingEventsDefinition{SourceType: to.Ptr("Microsoft.Logic/workflows"), TrackEventsOptions: to.Ptr(armlogic.TrackEventsOperationOptionsNone), Events: []*armlogic.TrackingEvent{
		{EventLevel: to.Ptr(armlogic.EventLevelError), EventTime: &now, RecordType: to.Ptr(armlogic.TrackingRecordTypeAS2Message), Record: map[string]any{"agreementProperties": map[string]any{}}, Error: &armlogic.TrackingEventErrorInfo{Code: to.Ptr("Late"), Message: to.Ptr("too late")}},
	}}, nil))(t)
	_, err = c.LogTrackingEvents(w.ctx, "b2b", "acc", armlogic.TrackingEventsDefinition{SourceType: to.Ptr("x"), Events: []*armlogic.TrackingEvent{{RecordType: to.Ptr(armlogic.TrackingRecordType("Odd"))}}}, nil)
	w.refused(err, 400, "InvalidRequestContent")
	_, err = c.NewListKeyVaultKeysPager("b2b", "acc", armlogic.ListKeyVaultKeysDefinition{KeyVault: &armlogic.KeyVaultReference{ID: to.Ptr(w.id[:strings.Index(w.id, "/providers")] + "/providers/Microsoft.KeyVault/vaults/safe")}}, nil).NextPage(w.ctx)
	w.refused(err, 404, "KeyVaultNotFound")
	_, err = c.NewListKeyVaultKeysPager("b2b", "acc", armlogic.ListKeyVaultKeysDefinition{KeyVault: &armlogic.KeyVaultReference{ID: to.Ptr("safe")}}, nil).NextPage(w.ctx)
	w.refused(err, 400, "InvalidRequestContent")

	must2(c.Delete(w.ctx, "b2b", "one", nil))(t)
	must2(c.Delete(w.ctx, "b2b", "one", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "one", nil)
	w.refused(err, 404, "IntegrationAccountNotFound")
}

// must2 is must for calls whose answer says nothing.
func must2[T any](_ T, err error) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		must(t, err)
	}
}

const (
	orderSchema = `<?xml version="1.0" encoding="utf-16"?>
<xs:schema xmlns:b="http://schemas.microsoft.com/BizTalk/2003" xmlns="http://example.org/order" targetNamespace="http://example.org/order" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:annotation><xs:appinfo><b:schemaInfo root_reference="Order" /></xs:appinfo></xs:annotation>
  <xs:element name="Item" type="xs:string" /><xs:element name="Order"><xs:complexType><xs:sequence><xs:element ref="Item" maxOccurs="unbounded" /></xs:sequence></xs:complexType></xs:element>
</xs:schema>`
	orderMap = `<?xml version="1.0" encoding="UTF-16"?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><Order/></xsl:template></xsl:stylesheet>`
)

// driveSchemas: a schema is shown by what stands in it, and its content by link.
func driveSchemas(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountSchemasClient()
	made, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "Order", armlogic.IntegrationAccountSchema{Location: to.Ptr("westeurope"), Tags: map[string]*string{"a": to.Ptr("b")}, Properties: &armlogic.IntegrationAccountSchemaProperties{
		SchemaType: to.Ptr(armlogic.SchemaTypeXML), Content: to.Ptr(orderSchema), ContentType: to.Ptr("application/xml"), Metadata: map[string]any{"owner": "sales"}, FileName: to.Ptr("order.xsd")}}, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "order", nil)
	must(t, err)
	p := got.Properties
	if *p.TargetNamespace != "http://example.org/order" || *p.DocumentName != "Order" || *p.FileName != "order.xsd" || p.Content != nil || got.Location != nil || got.Tags != nil ||
		*made.Name != "Order" || *p.CreatedTime != *p.ChangedTime || p.Metadata.(map[string]any)["owner"] != "sales" {
		t.Errorf("schema: %s", w.Do(http.MethodGet, *made.ID, nil).Body)
	}
	sum := md5.Sum([]byte(orderSchema))
	if l := p.ContentLink; *l.ContentSize != int64(len(orderSchema)) || *l.ContentHash.Value != base64.StdEncoding.EncodeToString(sum[:]) || *l.ContentVersion == "" {
		t.Errorf("content link: %+v", l)
	}
	if a := w.open(*p.ContentLink.URI); string(a.Body) != orderSchema || a.Header.Get("Content-Type") != "application/xml; charset=utf-8" || a.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("content: %d %v %s", a.Status, a.Header, a.Body)
	}
	url, err := c.ListContentCallbackURL(w.ctx, "b2b", "acc", "Order", armlogic.GetCallbackURLParameters{KeyType: to.Ptr(armlogic.KeyTypeSecondary), NotAfter: to.Ptr(time.Now().Add(time.Hour))}, nil)
	must(t, err)
	if *url.Method != "GET" || !strings.HasSuffix(*url.BasePath, "/schemas/Order/contents/Value") || *url.Queries.APIVersion != "2015-08-01-preview" || url.Queries.Sig != nil || !strings.Contains(*url.Value, "&sp=%2Fschemas%2FOrder%2Fread&sv=1.0&sig=") {
		t.Errorf("callback URL: %+v", url.WorkflowTriggerCallbackURL)
	}
	if a := w.open(*url.Value); string(a.Body) != orderSchema {
		t.Errorf("by callback URL: %d %s", a.Status, a.Body)
	}
	for i := range 3 {
		_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", fmt.Sprintf("other%d", i), armlogic.IntegrationAccountSchema{Properties: &armlogic.IntegrationAccountSchemaProperties{SchemaType: to.Ptr(armlogic.SchemaTypeXML), Content: to.Ptr(orderSchema)}}, nil)
		must(t, err)
	}
	list := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountSchemasClientListOptions{Top: to.Ptr[int32](3), Filter: to.Ptr("schemaType eq 'Xml'")}), func(p armlogic.IntegrationAccountSchemasClientListResponse) (list []string) {
		for _, s := range p.Value {
			list = append(list, *s.Name)
		}
		return append(list, "|")
	})
	if strings.Join(list, " ") != "Order other0 other1 | other2 |" {
		t.Errorf("schemas: %v", list)
	}

	// What a GET shows may be PUT again.
	p.Metadata = map[string]any{"owner": "finance"}
	again, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "Order", armlogic.IntegrationAccountSchema{Properties: p}, nil)
	must(t, err)
	if *again.Properties.DocumentName != "Order" || *again.Properties.ContentLink.ContentSize != int64(len(orderSchema)) || again.Properties.Metadata.(map[string]any)["owner"] != "finance" {
		t.Errorf("put again by the SDK: %+v", again.Properties)
	}
	body, _ := json.Marshal(map[string]any{"properties": map[string]any{"schemaType": "xml", "metadata": p.Metadata, "contentLink": map[string]any{"uri": *p.ContentLink.URI}}})
	if a := w.Do(http.MethodPut, *made.ID, body); a.Status != 200 || a.Text("properties", "documentName") != "Order" || a.Text("properties", "contentLink", "contentSize") != fmt.Sprint(len(orderSchema)) || a.Text("properties", "schemaType") != "Xml" {
		t.Errorf("put again: %d %s", a.Status, a.Body)
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "Order", nil))(t)
	if a := w.open(*url.Value); a.Status != 404 {
		t.Errorf("the content of a deleted schema: %d", a.Status)
	}
	_, err = c.Get(w.ctx, "b2b", "acc", "Order", nil)
	w.refused(err, 404, "IntegrationAccountSchemaNotFound")
}

// driveMaps: maps of each type, one of them by link.
func driveMaps(t *testing.T, v *witness) {
	large := strings.Replace(orderMap, "<Order/>", "<Order>"+strings.Repeat("<line>x</line>", 1<<19)+"</Order>", 1)
	blob := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = rw.Write([]byte(large)) }))
	t.Cleanup(blob.Close)
	w := newAccountWorld(t, v, isletest.WithPrivateLinks())
	c := w.logic.NewIntegrationAccountMapsClient()
	for name, m := range map[string]armlogic.IntegrationAccountMapProperties{
		"xslt":   {MapType: to.Ptr(armlogic.MapTypeXslt), Content: to.Ptr(orderMap), ContentType: to.Ptr("application/xml"), ParametersSchema: &armlogic.IntegrationAccountMapPropertiesParametersSchema{Ref: to.Ptr("http://example.org/p.json")}},
		"xslt20": {MapType: to.Ptr(armlogic.MapTypeXslt20), Content: to.Ptr(orderMap)},
		"xslt30": {MapType: to.Ptr(armlogic.MapTypeXslt30), Content: to.Ptr(orderMap)},
		"liquid": {MapType: to.Ptr(armlogic.MapTypeLiquid), Content: to.Ptr("{% for i in content.items %}{{ i.name | Upcase }}{% endfor %}")},
	} {
		_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", name, armlogic.IntegrationAccountMap{Properties: &m}, nil)
		must(t, err)
		got, err := c.Get(w.ctx, "b2b", "acc", name, nil)
		must(t, err)
		if *got.Properties.MapType != *m.MapType || got.Properties.Content != nil || *got.Properties.ContentLink.ContentSize != int64(len(*m.Content)) || m.ParametersSchema != nil && *got.Properties.ParametersSchema.Ref != "http://example.org/p.json" {
			t.Errorf("%s: %+v", name, got.Properties)
		}
		url, err := c.ListContentCallbackURL(w.ctx, "b2b", "acc", name, armlogic.GetCallbackURLParameters{}, nil)
		must(t, err)
		if a := w.open(*url.Value); string(a.Body) != *m.Content {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	linked := w.Do(http.MethodPut, w.id+"/maps/linked", `{"properties":{"mapType":"Xslt","contentLink":{"uri":"`+blob.URL+`/map.xslt?sig=x"}}}`)
	if linked.Status != 201 || !strings.Contains(string(linked.Body), fmt.Sprintf(`"contentSize":%d,`, len(large))) {
		t.Errorf("a map of %d bytes by link: %d %.300s", len(large), linked.Status, linked.Body)
	}
	if a := w.open(linked.Text("properties", "contentLink", "uri")); string(a.Body) != large {
		t.Errorf("the content of it: %d, %d bytes", a.Status, len(a.Body))
	}
	liquid := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountMapsClientListOptions{Filter: to.Ptr("mapType eq 'Liquid' or mapType eq 'Xslt20'")}), func(p armlogic.IntegrationAccountMapsClientListResponse) (list []string) {
		for _, m := range p.Value {
			list = append(list, *m.Name)
		}
		return list
	})
	if strings.Join(liquid, " ") != "liquid xslt20" {
		t.Errorf("filtered maps: %v", liquid)
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "xslt", nil))(t)
	_, err := c.Get(w.ctx, "b2b", "acc", "xslt", nil)
	w.refused(err, 404, "IntegrationAccountMapNotFound")
}

// drivePartners: a partner comes back with what the service adds.
func drivePartners(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountPartnersClient()
	partner := armlogic.IntegrationAccountPartner{Properties: &armlogic.IntegrationAccountPartnerProperties{PartnerType: to.Ptr(armlogic.PartnerTypeB2B), Metadata: map[string]any{"k": "v"},
		Content: &armlogic.PartnerContent{B2B: &armlogic.B2BPartnerContent{BusinessIdentities: []*armlogic.BusinessIdentity{{Qualifier: to.Ptr("ZZ"), Value: to.Ptr("99")}, {Qualifier: to.Ptr("AS2Identity"), Value: to.Ptr("Contoso")}}}}}}
	made, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "Contoso", partner, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "contoso", nil)
	must(t, err)
	if !reflect.DeepEqual(got.Properties.Content, partner.Properties.Content) || *got.Properties.PartnerType != armlogic.PartnerTypeB2B || got.Properties.ChangedTime == nil {
		t.Errorf("partner: %+v", got.Properties)
	}
	if a := w.Do(http.MethodGet, *made.ID, nil); a.Text("properties", "content", "b2b", "partnerClassification") != "NotSpecified" || a.Text("properties", "provisioningState") != "" {
		t.Errorf("partner: %s", a.Body)
	}
	url, err := c.ListContentCallbackURL(w.ctx, "b2b", "acc", "Contoso", armlogic.GetCallbackURLParameters{KeyType: to.Ptr(armlogic.KeyTypePrimary)}, nil)
	must(t, err)
	if a := w.open(*url.Value); a.Text("b2b", "businessIdentities", 1, "value") != "Contoso" || a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("its content: %d %s", a.Status, a.Body)
	}
	list := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountPartnersClientListOptions{Filter: to.Ptr("partnerType eq 'B2B'")}), func(p armlogic.IntegrationAccountPartnersClientListResponse) (list []string) {
		for _, m := range p.Value {
			list = append(list, *m.Name)
		}
		return list
	})
	if strings.Join(list, " ") != "Contoso" {
		t.Errorf("partners: %v", list)
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "Contoso", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "acc", "Contoso", nil)
	w.refused(err, 404, "IntegrationAccountPartnerNotFound")
}

// fill sets every member of a model of the SDK: choices to a value of theirs.
func fill(v reflect.Value, name string) {
	choices := map[string]string{"HashingAlgorithm": "SHA2256", "EncryptionAlgorithm": "AES256", "SigningAlgorithm": "SHA2512", "EdifactCharacterSet": "UNOC", "EdifactDecimalIndicator": "Comma",
		"SegmentTerminatorSuffix": "CRLF", "MessageFilterType": "Include", "TrailingSeparatorPolicy": "Optional", "X12CharacterSet": "UTF8", "X12DateFormat": "CCYYMMDD", "X12TimeFormat": "HHMMSSdd", "UsageIndicator": "Production"}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), name)
		}
	case reflect.String:
		v.SetString(name)
		if value, isChoice := choices[v.Type().Name()]; isChoice {
			v.SetString(value)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(len(name)))
		if strings.HasSuffix(name, "UpperBound") {
			v.SetInt(999999999)
		}
	default:
		panic(v.Kind())
	}
}

// driveAgreements: agreements of each protocol, with every setting of it, come back
// as they were sent.
func driveAgreements(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountAgreementsClient()
	contents := map[armlogic.AgreementType]*armlogic.AgreementContent{
		armlogic.AgreementTypeAS2:     {AS2: new(armlogic.AS2AgreementContent)},
		armlogic.AgreementTypeX12:     {X12: new(armlogic.X12AgreementContent)},
		armlogic.AgreementTypeEdifact: {Edifact: new(armlogic.EdifactAgreementContent)},
	}
	fill(reflect.ValueOf(contents[armlogic.AgreementTypeAS2].AS2).Elem(), "")
	fill(reflect.ValueOf(contents[armlogic.AgreementTypeX12].X12).Elem(), "")
	fill(reflect.ValueOf(contents[armlogic.AgreementTypeEdifact].Edifact).Elem(), "")
	for typ, content := range contents {
		name := "with-" + string(typ)
		_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", name, armlogic.IntegrationAccountAgreement{Properties: &armlogic.IntegrationAccountAgreementProperties{AgreementType: &typ, Content: content,
			HostPartner: to.Ptr("Host"), GuestPartner: to.Ptr("Guest"), HostIdentity: &armlogic.BusinessIdentity{Qualifier: to.Ptr("ZZ"), Value: to.Ptr("1")}, GuestIdentity: &armlogic.BusinessIdentity{Qualifier: to.Ptr("AA"), Value: to.Ptr("2")}}}, nil)
		must(t, err)
		got, err := c.Get(w.ctx, "b2b", "acc", name, nil)
		must(t, err)
		if !reflect.DeepEqual(got.Properties.Content, content) || *got.Properties.AgreementType != typ || *got.Properties.GuestIdentity.Value != "2" || *got.Properties.HostPartner != "Host" {
			t.Errorf("%s: %s", typ, w.Do(http.MethodGet, *got.ID, nil).Body)
		}
		url, err := c.ListContentCallbackURL(w.ctx, "b2b", "acc", name, armlogic.GetCallbackURLParameters{}, nil)
		must(t, err)
		shown := new(armlogic.AgreementContent)
		if err := json.Unmarshal(w.open(*url.Value).Body, shown); err != nil || !reflect.DeepEqual(shown, content) {
			t.Errorf("%s: its content is not the agreement's: %v", typ, err)
		}
		list := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountAgreementsClientListOptions{Top: to.Ptr[int32](5), Filter: to.Ptr("agreementType eq '" + string(typ) + "'")}), func(p armlogic.IntegrationAccountAgreementsClientListResponse) (list []string) {
			for _, m := range p.Value {
				list = append(list, *m.Name)
			}
			return list
		})
		if strings.Join(list, " ") != name {
			t.Errorf("agreements of %s: %v", typ, list)
		}
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "with-AS2", nil))(t)
	_, err := c.Get(w.ctx, "b2b", "acc", "with-AS2", nil)
	w.refused(err, 404, "IntegrationAccountAgreementNotFound")
}

// selfSigned is a certificate in base64.
func selfSigned(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// driveCertificates: public certificates and keys in a vault.
func driveCertificates(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountCertificatesClient()
	public := selfSigned(t)
	vault := w.id[:strings.Index(w.id, "/providers")] + "/providers/Microsoft.KeyVault/vaults/safe"
	_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "public", armlogic.IntegrationAccountCertificate{Properties: &armlogic.IntegrationAccountCertificateProperties{PublicCertificate: &public, Metadata: map[string]any{"a": 1.5}}}, nil)
	must(t, err)
	_, err = c.CreateOrUpdate(w.ctx, "b2b", "acc", "private", armlogic.IntegrationAccountCertificate{Properties: &armlogic.IntegrationAccountCertificateProperties{PublicCertificate: &public,
		Key: &armlogic.KeyVaultKeyReference{KeyName: to.Ptr("signing"), KeyVersion: to.Ptr("87d9764197604449b9b8eb7bd8710868"), KeyVault: &armlogic.KeyVaultKeyReferenceKeyVault{ID: &vault}}}}, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "private", nil)
	must(t, err)
	if p := got.Properties; *p.PublicCertificate != public || *p.Key.KeyName != "signing" || *p.Key.KeyVault.ID != vault || p.CreatedTime == nil {
		t.Errorf("certificate: %+v", p)
	}
	list := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountCertificatesClientListOptions{Top: to.Ptr[int32](1)}), func(p armlogic.IntegrationAccountCertificatesClientListResponse) (list []string) {
		for _, m := range p.Value {
			list = append(list, *m.Name)
		}
		return append(list, "|")
	})
	if strings.Join(list, " ") != "private | public |" {
		t.Errorf("certificates, one by one: %v", list)
	}
	_, err = c.CreateOrUpdate(w.ctx, "b2b", "acc", "broken", armlogic.IntegrationAccountCertificate{Properties: &armlogic.IntegrationAccountCertificateProperties{PublicCertificate: to.Ptr("AAAA")}}, nil)
	w.refused(err, 400, "InvalidCertificate")
	must2(c.Delete(w.ctx, "b2b", "acc", "public", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "acc", "public", nil)
	w.refused(err, 404, "IntegrationAccountCertificateNotFound")
}

// driveAssemblies: base64 is read as leniently as in the service.
func driveAssemblies(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountAssembliesClient()
	_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "jwt", armlogic.AssemblyDefinition{Location: to.Ptr("westus"), Properties: &armlogic.AssemblyProperties{
		AssemblyName: to.Ptr("System.IdentityModel.Tokens.Jwt"), Content: "Base64 encoded Assembly Content", ContentType: to.Ptr("application/octet-stream"), Metadata: map[string]any{}}}, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "jwt", nil)
	must(t, err)
	if p := got.Properties; *p.AssemblyName != "System.IdentityModel.Tokens.Jwt" || *p.AssemblyVersion != "0.0.0.0" || *p.ContentLink.ContentSize != 21 || p.Content != nil {
		t.Errorf("assembly: %+v", p)
	}
	url, err := c.ListContentCallbackURL(w.ctx, "b2b", "acc", "jwt", nil)
	must(t, err)
	want, _ := base64.RawStdEncoding.DecodeString("Base64encodedAssemblyContent")
	if a := w.open(*url.Value); string(a.Body) != string(want) || a.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("its content: %d %q", a.Status, a.Body)
	}
	list := names(t, c.NewListPager("b2b", "acc", nil), func(p armlogic.IntegrationAccountAssembliesClientListResponse) (list []string) {
		for _, m := range p.Value {
			list = append(list, *m.Name)
		}
		return list
	})
	if strings.Join(list, " ") != "jwt" {
		t.Errorf("assemblies: %v", list)
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "jwt", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "acc", "jwt", nil)
	w.refused(err, 404, "IntegrationAccountAssemblyNotFound")
}

// driveBatchConfigurations: criteria keep the rules of a Batch trigger.
func driveBatchConfigurations(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountBatchConfigurationsClient()
	criteria := &armlogic.BatchReleaseCriteria{BatchSize: to.Ptr[int32](234567), MessageCount: to.Ptr[int32](10), Recurrence: &armlogic.WorkflowTriggerRecurrence{
		Frequency: to.Ptr(armlogic.RecurrenceFrequencyMinute), Interval: to.Ptr[int32](1), StartTime: to.Ptr("2017-03-24T11:43:00"), TimeZone: to.Ptr("India Standard Time")}}
	_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "orders", armlogic.BatchConfiguration{Location: to.Ptr("westus"), Properties: &armlogic.BatchConfigurationProperties{BatchGroupName: to.Ptr("DEFAULT"), ReleaseCriteria: criteria}}, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "orders", nil)
	must(t, err)
	if !reflect.DeepEqual(got.Properties.ReleaseCriteria, criteria) || *got.Properties.BatchGroupName != "DEFAULT" || got.Properties.CreatedTime == nil {
		t.Errorf("batch configuration: %+v", got.Properties)
	}
	list := names(t, c.NewListPager("b2b", "acc", nil), func(p armlogic.IntegrationAccountBatchConfigurationsClientListResponse) (list []string) {
		for _, m := range p.Value {
			list = append(list, *m.Name)
		}
		return list
	})
	if strings.Join(list, " ") != "orders" {
		t.Errorf("batch configurations: %v", list)
	}
	criteria.MessageCount = to.Ptr[int32](8001)
	_, err = c.CreateOrUpdate(w.ctx, "b2b", "acc", "large", armlogic.BatchConfiguration{Properties: &armlogic.BatchConfigurationProperties{BatchGroupName: to.Ptr("DEFAULT"), ReleaseCriteria: criteria}}, nil)
	w.refused(err, 400, "InvalidRequestContent")
	must2(c.Delete(w.ctx, "b2b", "acc", "orders", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "acc", "orders", nil)
	w.refused(err, 404, "IntegrationAccountBatchConfigurationNotFound")
}

// driveSessions: sessions hold any JSON, and are found by when they were changed.
func driveSessions(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	c := w.logic.NewIntegrationAccountSessionsClient()
	content := map[string]any{"controlNumber": "1234", "controlNumberChangedTime": "2017-02-21T22:30:11.9923759Z"}
	_, err := c.CreateOrUpdate(w.ctx, "b2b", "acc", "agreement-ICN", armlogic.IntegrationAccountSession{Properties: &armlogic.IntegrationAccountSessionProperties{Content: content}}, nil)
	must(t, err)
	got, err := c.Get(w.ctx, "b2b", "acc", "agreement-ICN", nil)
	must(t, err)
	if !reflect.DeepEqual(got.Properties.Content, any(content)) {
		t.Errorf("session: %+v", got.Properties)
	}
	for filter, want := range map[string]string{
		"changedTime ge " + got.Properties.ChangedTime.Add(-time.Minute).Format(time.RFC3339): "agreement-ICN",
		"changedTime gt " + got.Properties.ChangedTime.Add(time.Minute).Format(time.RFC3339):  "",
	} {
		list := names(t, c.NewListPager("b2b", "acc", &armlogic.IntegrationAccountSessionsClientListOptions{Top: to.Ptr[int32](5), Filter: &filter}), func(p armlogic.IntegrationAccountSessionsClientListResponse) (list []string) {
			for _, m := range p.Value {
				list = append(list, *m.Name)
			}
			return list
		})
		if strings.Join(list, " ") != want {
			t.Errorf("%s: %v", filter, list)
		}
	}
	must2(c.Delete(w.ctx, "b2b", "acc", "agreement-ICN", nil))(t)
	_, err = c.Get(w.ctx, "b2b", "acc", "agreement-ICN", nil)
	w.refused(err, 404, "IntegrationAccountSessionNotFound")
}

// driveKeysAndURLs: a regenerated key makes the URLs of it invalid, and only those;
// a link opens what it says and nothing else.
func driveKeysAndURLs(t *testing.T, v *witness) {
	w := newAccountWorld(t, v)
	if a := w.Do(http.MethodPut, w.id+"/schemas/Order", map[string]any{"properties": map[string]any{"schemaType": "Xml", "content": orderSchema}}); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	accounts, schemas := w.logic.NewIntegrationAccountsClient(), w.logic.NewIntegrationAccountSchemasClient()
	urls := map[armlogic.KeyType]string{}
	for _, key := range []armlogic.KeyType{armlogic.KeyTypePrimary, armlogic.KeyTypeSecondary} {
		whole, err := accounts.ListCallbackURL(w.ctx, "b2b", "acc", armlogic.GetCallbackURLParameters{KeyType: &key}, nil)
		must(t, err)
		base, query, _ := strings.Cut(*whole.Value, "?")
		if !strings.HasPrefix(query, "api-version=2015-08-01-preview&sp=%2F%2F%2A&sv=1.0&sig=") || len(query[strings.Index(query, "sig=")+4:]) != 43 {
			t.Errorf("URL of the account: %s", *whole.Value)
		}
		urls[key] = base + "/schemas/order/contents/value?" + query
		if a := w.open(urls[key]); string(a.Body) != orderSchema {
			t.Errorf("with the URL of the account: %d %s", a.Status, a.Body)
		}
	}
	one, err := schemas.ListContentCallbackURL(w.ctx, "b2b", "acc", "Order", armlogic.GetCallbackURLParameters{}, nil)
	must(t, err)
	for _, c := range []struct {
		what, url, method string
		status            int
	}{
		{"another artifact", strings.Replace(*one.Value, "/schemas/Order/", "/schemas/Other/", 1), "GET", 401},
		{"another kind", strings.Replace(*one.Value, "/schemas/Order/", "/maps/Order/", 1), "GET", 401},
		{"no signature", (*one.Value)[:strings.Index(*one.Value, "?")], "GET", 401},
		{"another permission", strings.Replace(*one.Value, "sp=%2Fschemas%2FOrder%2Fread", "sp=%2F%2F%2A", 1), "GET", 401},
		{"a later end", *one.Value + "&se=2099-01-01T00:00:00.0000000Z", "GET", 401},
		{"another account", strings.Replace(*one.Value, "/integrationAccounts/", "/integrationAccounts/0", 1), "GET", 404},
		{"a change", *one.Value, "PUT", 405},
		{"certificates", strings.Replace(urls[armlogic.KeyTypePrimary], "/schemas/", "/certificates/", 1), "GET", 404},
	} {
		if a := send(t, w.HTTP(), c.method, c.url); a.Status != c.status || a.Text("error", "code") == "" {
			t.Errorf("%s: %d %s, want %d", c.what, a.Status, a.Body, c.status)
		}
	}
	after, err := accounts.RegenerateAccessKey(w.ctx, "b2b", "acc", armlogic.RegenerateActionParameter{KeyType: to.Ptr(armlogic.KeyTypePrimary)}, nil)
	must(t, err)
	if *after.Name != "acc" || *after.SKU.Name != armlogic.IntegrationAccountSKUNameStandard || *after.Location != "West Europe" || *after.Tags["stage"] != "test" {
		t.Errorf("answer: %+v", after.IntegrationAccount)
	}
	if a := w.open(urls[armlogic.KeyTypePrimary]); a.Status != 401 {
		t.Errorf("a URL of the old key: %d", a.Status)
	}
	if a := w.open(urls[armlogic.KeyTypeSecondary]); a.Status != 200 {
		t.Errorf("a URL of the other key: %d %s", a.Status, a.Body)
	}
	if a := w.Do(http.MethodPatch, w.id, `{"properties":{"state":"Disabled"}}`); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := w.open(urls[armlogic.KeyTypeSecondary]); a.Status != 403 || a.Text("error", "code") != "IntegrationAccountNotEnabled" {
		t.Errorf("a disabled account: %d %s", a.Status, a.Body)
	}
}
