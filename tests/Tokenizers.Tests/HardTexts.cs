using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Texts on which tokenizers differ: the same ones in every run.</summary>
internal static class HardTexts
{
    private static readonly string[] Fragments =
    [
        " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\t\t", "\v", "\f", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028", "\u2581", "\u2581\u2581",
        "\0", "\u001b[31m", "\u007f", "\u0090", "\u200d", "\ufe0f", "\ufffd", "\uffff", "\U0010FFFF",
        "a", "I", "the", " the", "The", "THE", "ation", "'s", "'S", "'re", "'LL", "'d", "don't", "’s", "é", "e\u0301", "ß", "ĳ", "İ", "ſ", "K", "Ω", "Ж",
        "привет", "שלום", "مرحبا", "नमस्ते", "ไทย", "한국어", "ㄱ", "日本語", "的", "。", "，", "ﬁ", "𝐀", "𐍈", "𠀀", "👍", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️",
        "1", "12", "123", "1234", "0x1F", "3.14", "½", "²", "Ⅷ", "٣", "_", "-", "--", "---", "=", "==", "=>", "/", "//", "/*", "\\", "\"", "`", "```",
        "(", ")", "()", "{}", "[]", "[[", "<", ">", "</", "<b>", "</td>", "<unused3>", "<0x41>", "&nbsp;", ";", ";\n", ":", "!", "?!", "...", "…",
        "#", "##", "@", "$", "%", "^", "&&", "|", "~", "http://", "www.", ".com",
    ];

    /// <summary>Strings of the stored goldens.</summary>
    public static string[] Stored { get; } = JsonNode.Parse(File.ReadAllBytes(GoldenFiles.At("tokenizer-parity.json")))!["texts"].Deserialize<string[]>()!;

    /// <summary>Everything here: stored ones, runs of one character, mixtures of <see cref="Fragments"/>, and characters from all of Unicode.</summary>
    public static IEnumerable<string> All => [.. Stored, .. Runs(), .. Mixtures(new Random(1), 300), .. AnyCharacters(new Random(2), 150), .. Code()];

    // The fragments one by one too, and every length about the powers of two, where vocabularies have pieces for runs.
    private static IEnumerable<string> Runs() => Fragments.Concat(
        from fragment in (string[])[" ", "\n", "\t", "\r\n", "-", "=", "*", "#", ".", "a", "0", "é", "日", "👍", "ab", "aab", "\0", "\u2581", " \n", "ha"]
        from length in (int[])[2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 64, 65, 100]
        select "x" + string.Concat(Enumerable.Repeat(fragment, length)) + "y");

    private static IEnumerable<string> Mixtures(Random random, int count) =>
        from _ in Enumerable.Range(0, count) select string.Concat(random.GetItems(Fragments, random.Next(2, 40)));

    // Half of them from one block of 256, as text of one script is.
    private static IEnumerable<string> AnyCharacters(Random random, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            var block = random.Next(0x200) * 256;
            for (var length = random.Next(1, 80); length > 0; length--)
                if (Rune.TryCreate(i % 2 == 0 ? block + random.Next(256) : random.Next(0x110000), out var rune)) text.Append(rune.ToString());
            yield return text.ToString();
        }
    }

    private static IEnumerable<string> Code() =>
    [
        "#include <stdio.h>\nint main(int argc, char **argv)\n{\n\tfor (int i = 0; i < argc; ++i)\n\t\tprintf(\"%d: %s\\n\", i, argv[i]);\n\treturn 0;\n}\n",
        "def f(x):\n    \"\"\"Doc.\"\"\"\n    return [i**2 for i in range(x) if i % 2 == 0]\n\n\nif __name__ == '__main__':\n    print(f(10))\n",
        "<!DOCTYPE html>\r\n<html>\r\n  <head><title>A &amp; B</title></head>\r\n  <body><table><tr><td>1</td></tr></table></body>\r\n</html>\r\n",
        "{\"a\":[1,2.5e-3,null,true],\"b\":{\"c\":\"\\u00e9\\n\"}}",
        "SELECT * FROM t WHERE a <> 'b''c' AND d >= 10; -- comment",
        "$ git commit -m \"x\" && git push origin HEAD:refs/heads/main 2>&1 | tee log.txt",
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n* item\n  * nested\n\n> quote\n\n```csharp\nvar x = 1;\n```\n",
        "E = mc², ∑_{i=1}^n xᵢ ≤ √(π/2) ± 3·10⁻⁷",
        "c:\\windows\\system32\\*.dll;%PATH%",
        "AAAAB3NzaC1yc2EAAAADAQABAAABgQDZk3+/Hj8w==",
        new string('=', 79) + "\n" + new string('x', 300),
    ];
}
