using System.Text;
using System.Text.Json.Nodes;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Damaged and hostile tokenizer files give a clear error or a tokenizer that works.</summary>
public sealed class DamagedTokenizerTests
{
    private const string Text = "The 1st token's <eos> of\n\n  a naïve 日本語 text 👍 = 3.14\r\n";
    private static readonly byte[] Definition = File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer.json"));
    private static readonly byte[] GemmaLike =
        Encoding.UTF8.GetBytes(JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("tokenizer-parity.json")))!["gemmaLike"]!["tokenizer"]!.ToJsonString());
    private static readonly byte[] Config = File.ReadAllBytes(GoldenFiles.At("bpe-1024/tokenizer_config.json"));

    private static readonly string?[] Values =
    [
        null, "true", "false", "0", "-1", "1.5", "16777215", "16777216", "4294967296", "1e300", "\"\"", "\" \"", "\"x\"", "\"a b\"", "\"\\u0000\"", "\"Ġ\"", "\"<eos>\"",
        "[]", "{}", "[[]]", "[null]", "[\"a\",\"b\"]", "[\"\",\"\"]", "{\"a\":0}", "{\"id\":1,\"content\":\"\"}",
        "{\"type\":\"BPE\"}", "{\"type\":\"ByteLevel\"}", "{\"type\":\"Sequence\"}", "{\"String\":\" \"}", "{\"Regex\":\"(\"}", "{\"Regex\":\"\"}", "{\"Regex\":\"\\\\b\"}",
    ];

    [Fact]
    public void Flipped_bits_and_lost_or_doubled_bytes_are_refused_or_harmless()
    {
        var random = new Random(1);
        using var folder = new TemporaryFolder();
        var refused = 0;
        for (var i = 0; i < 300; i++)
        {
            var bytes = (i % 2 == 0 ? Definition : GemmaLike).ToList();
            for (var times = random.Next(1, 4); times > 0; times--)
            {
                var (at, length) = (random.Next(bytes.Count), random.Next(1, 40));
                length = Math.Min(length, bytes.Count - at);
                switch (random.Next(5))
                {
                    case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                    case 1: bytes[at] = (byte)random.Next(256); break;
                    case 2: bytes.RemoveRange(at, length); break;
                    case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                    default: bytes.RemoveRange(at, random.Next(4) == 0 ? bytes.Count - at : 1); break;
                }
            }
            if (TryUse(folder, [.. bytes], Config, $"mutation {i}")) refused++;
        }
        Assert.InRange(refused, 1, 299);
    }

    [Fact]
    public void Values_of_another_kind_are_refused_or_harmless()
    {
        var random = new Random(2);
        using var folder = new TemporaryFolder();
        var refused = 0;
        for (var i = 0; i < 600; i++)
        {
            var (definition, config) = (JsonNode.Parse(i % 2 == 0 ? Definition : GemmaLike)!, JsonNode.Parse(Config)!);
            for (var times = random.Next(1, 3); times > 0; times--) ReplaceOne(random.Next(4) == 0 ? config : definition, random);
            if (TryUse(folder, Encoding.UTF8.GetBytes(definition.ToJsonString()), Encoding.UTF8.GetBytes(config.ToJsonString()), $"mutation {i}")) refused++;
        }
        Assert.InRange(refused, 1, 599);
    }

    // Goes down at random, into the many pieces and merges as seldom as into any other field, and puts something else there.
    private static void ReplaceOne(JsonNode node, Random random)
    {
        while (true)
        {
            var value = Values[random.Next(Values.Length)] is { } text ? JsonNode.Parse(text) : null;
            if (node is JsonObject { Count: > 0 } fields)
            {
                var name = fields.ElementAt(random.Next(fields.Count)).Key;
                if (fields[name] is JsonObject or JsonArray && random.Next(3) > 0) node = fields[name]!;
                else
                {
                    if (random.Next(4) == 0) fields.Remove(name);
                    else fields[name] = value;
                    return;
                }
            }
            else if (node is JsonArray { Count: > 0 } items)
            {
                var index = random.Next(items.Count);
                if (items[index] is JsonObject or JsonArray && random.Next(3) > 0) node = items[index]!;
                else
                {
                    if (random.Next(4) == 0) items.RemoveAt(index);
                    else items[index] = value;
                    return;
                }
            }
            else return;
        }
    }

    // Returns whether the files were refused.
    private static bool TryUse(TemporaryFolder folder, byte[] definition, byte[] config, string which)
    {
        folder.Write("tokenizer.json", definition);
        folder.Write("tokenizer_config.json", config);
        try
        {
            var tokenizer = TokenizerLoader.Load(folder.Path);
            var ids = new List<int>();
            tokenizer.Encode(Text, ids, parseSpecials: true);
            tokenizer.Decode([.. ids]);
            Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabSize - 1));
            return false;
        }
        catch (DataException)
        {
            return true;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(which, e);
        }
    }
}
