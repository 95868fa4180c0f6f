import java.io.File;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.xml.sax.SAXException;

/** Holds the document on its standard input to the schema in a file: says what is wrong with it, nothing where all is well. */
class Schema {
  public static void main(String[] args) throws Exception {
    var schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(new File(args[0]));
    try {
      schema.newValidator().validate(new StreamSource(System.in));
    } catch (SAXException fault) {
      System.out.print(fault.getMessage());
    }
  }
}
