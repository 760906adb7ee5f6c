import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * A small part of newsmill's work as a Kafka Streams application, exactly once (v2): parse the
 * JSON, trim title and body, hash the body, mark exact repeats, publish. No language, dates,
 * entities, quotes or topics.
 *
 * <p>StreamsPeer BROKERS IN OUT APPLICATION COMPRESSION ARTICLES STATE_DIR local|global. It ends when
 * it has seen ARTICLES.
 *
 * <ul>
 *   <li>local: the least work. Each input partition has its own hashes, in memory only: a copy in
 *       another partition is not seen, and a restart forgets all.
 *   <li>global: what newsmill's journal does. Articles are repartitioned by their hash, and the
 *       hashes have a changelog: a copy is seen wherever it is, also after a restart.
 * </ul>
 */
public final class StreamsPeer {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String STORE = "seen";
  private static final String KEY_HEADER = "key";

  private StreamsPeer() {}

  public static void main(String[] args) throws Exception {
    if (args.length != 8 || !(args[7].equals("local") || args[7].equals("global"))) {
      System.err.println(
          "usage: StreamsPeer BROKERS IN OUT APPLICATION COMPRESSION ARTICLES STATE_DIR local|global");
      System.exit(2);
    }
    boolean global = args[7].equals("global");
    long expected = Long.parseLong(args[5]);
    AtomicLong seen = new AtomicLong();
    CountDownLatch end = new CountDownLatch(1);
    Runnable count =
        () -> {
          if (seen.incrementAndGet() == expected) end.countDown();
        };
    StreamsBuilder builder = new StreamsBuilder();
    topology(builder, args[1], args[2], global, count);
    KafkaStreams streams = new KafkaStreams(builder.build(), properties(args));
    boolean[] failed = {false};
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          failed[0] = true;
          end.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    end.await();
    streams.close(Duration.ofSeconds(30)); // commits what is open
    System.exit(failed[0] ? 1 : 0);
  }

  private static Properties properties(String[] args) {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, args[3]);
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, args[6]);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200); // newsmill's; the default is 100
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2000);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 1000000);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), args[4]);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), 8 << 20);
    return p;
  }

  private static void topology(
      StreamsBuilder builder, String in, String out, boolean global, Runnable count) {
    KeyValueBytesStoreSupplier memory = Stores.inMemoryKeyValueStore(STORE);
    StoreBuilder<KeyValueStore<byte[], Long>> store =
        Stores.keyValueStoreBuilder(memory, Serdes.ByteArray(), Serdes.Long());
    builder.addStateStore(
        global ? store.withLoggingEnabled(Map.of()) : store.withLoggingDisabled());
    KStream<byte[], byte[]> parsed =
        builder
            .stream(in, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
            .process(Parse::new);
    if (global) {
      parsed =
          parsed.repartition(
              Repartitioned.with(Serdes.ByteArray(), Serdes.ByteArray()).withName("by-hash"));
    }
    parsed
        .process(() -> new Dedup(count), STORE)
        .to(out, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
  }

  /** Trims and hashes; the hash becomes the key, and the key a header. */
  private static final class Parse extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
    private final MessageDigest digest;

    Parse() {
      try {
        digest = MessageDigest.getInstance("MD5");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      try {
        ObjectNode article = (ObjectNode) MAPPER.readTree(record.value());
        String title = article.path("title").asText().trim();
        String body = article.path("body").asText().trim();
        byte[] hash = digest.digest(body.getBytes(StandardCharsets.UTF_8));
        article.put("title", title);
        article.put("body", body);
        article.put("hash", ByteBuffer.wrap(hash).getLong());
        Headers headers = new RecordHeaders(record.headers()).add(KEY_HEADER, record.key());
        context().forward(
            new Record<>(hash, MAPPER.writeValueAsBytes(article), record.timestamp(), headers));
      } catch (IOException e) {
        throw new IllegalStateException(e); // the comparison feeds JSON only
      }
    }
  }

  /** Marks a repeat in a header and gives the key back. */
  private static final class Dedup extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
    private final Runnable count;
    private KeyValueStore<byte[], Long> store;

    Dedup(Runnable count) {
      this.count = count;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      super.init(context);
      store = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      boolean repeated = store.putIfAbsent(record.key(), record.timestamp()) != null;
      Header key = record.headers().lastHeader(KEY_HEADER);
      Headers headers =
          new RecordHeaders()
              .add("dedup", (repeated ? "exact" : "unique").getBytes(StandardCharsets.UTF_8));
      context().forward(new Record<>(key.value(), record.value(), record.timestamp(), headers));
      count.run();
    }
  }
}
