import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import net.sf.saxon.s9api.Processor;
import net.sf.saxon.s9api.XdmDestination;
import net.sf.saxon.s9api.XdmItem;
import net.sf.saxon.s9api.XsltExecutable;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.w3c.dom.ls.LSInput;

/**
 * Holds invoices, a line of base 64 each, to the schemas of UBL 2.1 and the rules of EN 16931, or, where it is a PDF, to
 * PDF/A-3 and PDF/UA; says of each what is wrong with it, in base 64 too, nothing where it is right.
 */
class Rules {
  static final String schemas = "external/schemas/ubl21/";
  static final Map<String, String> others = Map.of(
    "urn:un:unece:uncefact:data:specification:CoreComponentTypeSchemaModule:2", "CCTS_CCT_SchemaModule.xsd",
    "http://www.w3.org/2000/09/xmldsig#", "xmldsig-core-schema.xsd",
    "http://uri.etsi.org/01903/v1.3.2#", "XAdES01903v132-201601.xsd",
    "http://uri.etsi.org/01903/v1.4.1#", "XAdES01903v141-201601.xsd");
  static final Processor saxon = new Processor(false);

  public static void main(String[] arguments) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    var byKind = Map.of("Invoice", schemaOf("Invoice"), "CreditNote", schemaOf("CreditNote"));
    var rules = saxon.newXsltCompiler().compile(source("external/schematron/1.3.16/ubl/EN16931-UBL-validation.xslt"));
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var bytes = Base64.getDecoder().decode(line);
      var text = new String(bytes, StandardCharsets.UTF_8);
      var faults = new ArrayList<String>();
      try {
        if (text.startsWith("%PDF")) {
          for (var flavour : List.of(PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1)) faults.addAll(broken(flavour, bytes));
          say(faults);
          continue;
        }
        byKind.get(text.contains("<CreditNote") ? "CreditNote" : "Invoice").newValidator()
          .validate(new StreamSource(new StringReader(text)));
        faults.addAll(broken(rules, text));
      } catch (Exception error) {
        faults.add(error.toString());
      }
      say(faults);
    }
  }

  static void say(List<String> faults) {
    System.out.println(Base64.getEncoder().encodeToString(String.join("\n", faults).getBytes(StandardCharsets.UTF_8)));
  }

  /** Each rule once: `ua1 7.1-8 …`. */
  static List<String> broken(PDFAFlavour flavour, byte[] bytes) throws Exception {
    try (var parser = Foundries.defaultInstance().createParser(new ByteArrayInputStream(bytes), flavour);
        var validator = Foundries.defaultInstance().createValidator(flavour, false)) {
      return validator.validate(parser).getTestAssertions().stream()
        .filter(test -> test.getStatus() == TestAssertion.Status.FAILED)
        .map(test -> flavour.getId() + " " + test.getRuleId().getClause() + "-" + test.getRuleId().getTestNumber() + " " + test.getMessage())
        .distinct().toList();
    }
  }

  /** What the rules say against it, warnings too: `[BR-CO-17]-…`. */
  static List<String> broken(XsltExecutable rules, String text) throws Exception {
    var report = new XdmDestination();
    var transformer = rules.load30();
    transformer.transform(new StreamSource(new StringReader(text)), report);
    var xpath = saxon.newXPathCompiler();
    xpath.declareNamespace("svrl", "http://purl.oclc.org/dsdl/svrl");
    var faults = new ArrayList<String>();
    for (XdmItem fault : xpath.evaluate("//svrl:failed-assert/concat(@flag, ' ', normalize-space(svrl:text))", report.getXdmNode()))
      faults.add(fault.getStringValue());
    return faults;
  }

  static StreamSource source(String path) {
    var found = Rules.class.getClassLoader().getResource(path);
    if (found == null) throw new IllegalStateException("there is no " + path);
    return new StreamSource(found.toExternalForm());
  }

  static Schema schemaOf(String kind) throws Exception {
    var factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
    // Schemas of others are named without saying where they are.
    factory.setResourceResolver((type, namespace, publicId, systemId, base) -> {
      if (systemId != null) return input(schemas + "common/" + systemId.replaceAll(".*/", ""));
      return others.containsKey(namespace) ? input("schemas/" + others.get(namespace)) : null;
    });
    return factory.newSchema(source(schemas + "maindoc/UBL-" + kind + "-2.1.xsd"));
  }

  static LSInput input(String path) {
    var found = Rules.class.getClassLoader().getResource(path).toExternalForm();
    return (LSInput) java.lang.reflect.Proxy.newProxyInstance(Rules.class.getClassLoader(), new Class<?>[] { LSInput.class },
      (proxy, method, values) -> switch (method.getName()) {
        case "getSystemId" -> found;
        case "getByteStream" -> Rules.class.getClassLoader().getResourceAsStream(path);
        case "getCertifiedText" -> false;
        default -> null;
      });
  }
}
