import com.google.gson.Gson;
import com.google.gson.JsonObject;
import eu.chargetime.ocpp.CallErrorException;
import eu.chargetime.ocpp.ClientEvents;
import eu.chargetime.ocpp.JSONClient;
import eu.chargetime.ocpp.JSONCommunicator;
import eu.chargetime.ocpp.JSONConfiguration;
import eu.chargetime.ocpp.feature.profile.*;
import eu.chargetime.ocpp.feature.profile.securityext.*;
import eu.chargetime.ocpp.model.Request;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A charger of 1.6 by ChargeTime's library: takes orders as lines of JSON, and answers each with one. */
class Charger {
  static final Gson gson = new Gson();
  static final JSONCommunicator reader = new JSONCommunicator(null);
  static final List<String> packages = List.of(
    "core", "firmware", "localauthlist", "remotetrigger", "reservation", "smartcharging", "securityext");

  static JSONClient client;
  static CompletableFuture<Void> closed;
  static JsonObject answers;

  public static void main(String[] arguments) throws Exception {
    var orders = new BufferedReader(new InputStreamReader(System.in));
    for (var line = orders.readLine(); line != null; line = orders.readLine()) {
      var order = gson.fromJson(line, JsonObject.class);
      var answer = new JsonObject();
      answer.add("order", order.get("order"));
      try {
        answer.add("value", obey(order));
      } catch (Exception error) {
        var cause = error.getCause() == null ? error : error.getCause();
        answer.addProperty("fault", cause instanceof CallErrorException refusal
          ? refusal.getErrorCode() + ": " + refusal.getErrorDescription()
          : cause.toString());
      }
      say(answer);
    }
    System.exit(0);
  }

  static synchronized void say(JsonObject line) {
    System.out.println(gson.toJson(line));
  }

  static JsonObject obey(JsonObject order) throws Exception {
    switch (order.get("do").getAsString()) {
      case "connect" -> connect(order);
      case "call" -> {
        return call(order.get("action").getAsString(), order.get("payload"));
      }
      case "disconnect" -> {
        client.disconnect();
        closed.get(10, TimeUnit.SECONDS);
      }
    }
    return new JsonObject();
  }

  static void connect(JsonObject order) throws Exception {
    var id = order.get("id").getAsString();
    answers = order.getAsJsonObject("answers");
    var configuration = JSONConfiguration.get()
      .setParameter(JSONConfiguration.USERNAME_PARAMETER, id)
      .setParameter(JSONConfiguration.PASSWORD_PARAMETER, order.get("password").getAsString());
    client = new JSONClient(new ClientCoreProfile(commanded(ClientCoreEventHandler.class)), id, configuration);
    client.addFeatureProfile(
      new ClientFirmwareManagementProfile(commanded(ClientFirmwareManagementEventHandler.class)));
    client.addFeatureProfile(new ClientLocalAuthListProfile(commanded(ClientLocalAuthListEventHandler.class)));
    client.addFeatureProfile(new ClientRemoteTriggerProfile(commanded(ClientRemoteTriggerEventHandler.class)));
    client.addFeatureProfile(new ClientReservationProfile(commanded(ClientReservationEventHandler.class)));
    client.addFeatureProfile(new ClientSmartChargingProfile(commanded(ClientSmartChargingEventHandler.class)));
    client.addFeatureProfile(new ClientSecurityExtProfile(commanded(ClientSecurityExtEventHandler.class)));
    var opened = new CompletableFuture<Void>();
    var ended = closed = new CompletableFuture<>();
    client.connect(order.get("url").getAsString(), new ClientEvents() {
      public void connectionOpened() {
        opened.complete(null);
      }

      public void connectionClosed() {
        ended.complete(null);
      }
    });
    opened.get(10, TimeUnit.SECONDS);
  }

  static JsonObject call(String action, Object payload) throws Exception {
    var request = (Request) reader.unpackPayload(gson.toJson(payload), typed(action + "Request"));
    var answer = client.send(request).toCompletableFuture().get(20, TimeUnit.SECONDS);
    if (!answer.validate()) throw new IllegalStateException("the answer is not valid: " + answer);
    return gson.fromJson(reader.packPayload(answer).toString(), JsonObject.class);
  }

  /** Answers calls as it was told to when it connected. */
  @SuppressWarnings("unchecked")
  static <T> T commanded(Class<T> events) {
    return (T) Proxy.newProxyInstance(events.getClassLoader(), new Class<?>[] {events}, (proxy, method, arguments) -> {
      var action = method.getName().replaceAll("^handle|Request$", "");
      var line = new JsonObject();
      line.addProperty("commanded", action);
      line.add("payload", gson.fromJson(reader.packPayload(arguments[0]).toString(), JsonObject.class));
      say(line);
      return reader.unpackPayload(gson.toJson(answers.get(action)), typed(action + "Confirmation"));
    });
  }

  static Class<?> typed(String name) throws ClassNotFoundException {
    for (var group : packages)
      try {
        return Class.forName("eu.chargetime.ocpp.model." + group + "." + name);
      } catch (ClassNotFoundException elsewhere) {
        // It is of another profile.
      }
    throw new ClassNotFoundException(name);
  }
}
