using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Data.Tests;

public sealed class DotnetDocsTests
{
    [Theory]
    [InlineData("System.String", "string")]
    [InlineData("System.Object[]", "object[]")]
    [InlineData("System.Int32[0:,0:]", "int[,]")]
    [InlineData("System.Collections.Generic.IEnumerable{System.String}", "IEnumerable<string>")]
    [InlineData("System.Collections.Generic.Dictionary{System.String,System.Func{System.Int32,`0}}.KeyCollection",
        "Dictionary<string, Func<int, T>>.KeyCollection")]
    [InlineData("System.Nullable{System.Int32}", "int?")]
    [InlineData("System.Int32@", "ref int")]
    [InlineData("System.Byte*", "byte*")]
    [InlineData("System.Environment.SpecialFolder", "SpecialFolder")]
    public void Type_names_read_as_in_csharp(string id, string expected) => Assert.Equal(expected, new TypeName(["T"], []).Of(id));

    [Theory]
    [InlineData("M:System.String.Join(System.String,System.Object[])", "String.Join(string, object[])")]
    [InlineData("T:System.Collections.Generic.IEnumerable`1", "IEnumerable<T>")]
    [InlineData("T:System.Collections.Generic.Dictionary`2", "Dictionary<T1, T2>")]
    [InlineData("M:System.Array.Resize``1(``0[]@,System.Int32)", "Array.Resize(ref T[], int)")]
    [InlineData("M:System.String.#ctor(System.Char[])", "String(char[])")]
    [InlineData("F:System.Int32.MaxValue", "Int32.MaxValue")]
    [InlineData("O:System.Console.Write", "System.Console.Write")]
    [InlineData("!:Unknown", "Unknown")]
    public void References_read_as_names(string cref, string expected) => Assert.Equal(expected, CommentText.NameOf(cref));

    [Fact]
    public void A_page_reads_like_the_reference()
    {
        using var folder = new TemporaryFolder();
        folder.Write("packs/Microsoft.NETCore.App.Ref/10.0.1/ref/net10.0/A.xml", """
            <?xml version="1.0"?>
            <doc><assembly><name>A</name></assembly><members>
              <member name="T:N.Box`1">
                <summary>Holds a <typeparamref name="T" />
                  or <see langword="null" />.</summary>
                <typeparam name="T">The content.</typeparam>
              </member>
              <member name="M:N.Box`1.#ctor"><summary>Makes an empty box.</summary></member>
              <member name="M:N.Box`1.Map``1(System.Func{`0,``0},System.Int32@)">
                <summary>Applies <paramref name="map" />. See <see cref="M:N.Box`1.Clear" />.</summary>
                <typeparam name="R">The result.</typeparam>
                <param name="map">What to apply.</param>
                <param name="count">How often.</param>
                <returns><para>A box.</para><para>Never empty.</para></returns>
                <exception cref="T:System.ArgumentNullException"><paramref name="map" /> is <see langword="null" />.

            -or-

            it is wrong.</exception>
                <example><code>
                  var b = box.Map(x =&gt; x);
                    indented();
                </code></example>
              </member>
              <member name="M:N.Box`1.op_Addition(N.Box{`0},N.Box{`0})"><summary>Adds.</summary><param name="left" /><param name="right" /></member>
              <member name="M:N.Box`1.op_Implicit(N.Box{`0})~System.Int32"><summary>Counts.</summary></member>
              <member name="P:N.Box`1.Item(System.Int32)"><summary>Gets one.</summary><param name="index">Where.</param></member>
              <member name="F:N.Box`1.None"><summary><list type="bullet"><item><term>a</term><description>first</description></item><item>second</item></list></summary></member>
              <member name="P:N.Box`1.Silent"><inheritdoc /></member>
              <member name="T:N.Empty" />
            </members></doc>
            """);
        var document = Assert.Single(Docs(folder).ReadAll(out var skipped));
        Assert.Equal("""
            Box<T> (namespace N)
            Holds a T or null.
            T: The content.

            new Box<T>()
            Makes an empty box.

            Box<T>.Map<R>(Func<T, R> map, ref int count)
            Applies map. See Box<T>.Clear.
            R: The result.
            map: What to apply.
            count: How often.
            Returns: A box.

            Never empty.
            Throws ArgumentNullException: map is null.

            -or-

            it is wrong.
            var b = box.Map(x => x);
              indented();

            Box<T> operator +(Box<T> left, Box<T> right)
            Adds.

            implicit operator int(Box<T>)
            Counts.

            Box<T>.this[int index]
            Gets one.
            index: Where.

            Box<T>.None
            - a: first
            - second

            """, document.Text, ignoreLineEndingDifferences: true);
        Assert.Equal(1, skipped.Empty);
    }

    [Fact]
    public void The_newest_release_of_each_pack_is_read_and_repeated_files_once()
    {
        using var folder = new TemporaryFolder();
        foreach (var (pack, version, text) in new[] { ("NETCore", "9.0.10", "old"), ("NETCore", "10.0.2", "right"),
            ("NETCore", "10.0.2-rc.1", "preview"), ("AspNetCore", "10.0.2", "repeated") })
            folder.Write($"packs/Microsoft.{pack}.App.Ref/{version}/ref/net10.0/A.xml", Page(text));
        folder.Write("packs/Microsoft.AspNetCore.App.Ref/10.0.2/ref/net10.0/Web.xml", Page("web"));
        var source = Docs(folder);
        Assert.Equal(["T (namespace N)\nright\n", "T (namespace N)\nweb\n"], source.ReadAll(out _).Select(d => d.Text));
        Assert.Equal("dotnet-docs (Microsoft.NETCore.App.Ref 10.0.2, Microsoft.AspNetCore.App.Ref 10.0.2)", source.Description);
    }

    [Fact]
    public void A_machine_without_the_sdk_is_told_where_was_looked()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<DataException>(() => DotnetInstallation.FindReferencePacks([folder.Path, folder["other"]]));
        Assert.Contains(folder["other"], error.Message, StringComparison.Ordinal);
        Assert.Contains("packs/Microsoft.NETCore.App.Ref", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machines_documentation_describes_strings()
    {
        var page = Assert.Single(DocumentSources.Open("dotnet-docs", "text").ReadAll(out _), d =>
            d.Text!.StartsWith("String (namespace System)\n", StringComparison.Ordinal)).Text!;
        Assert.Contains("\nString.Join(string separator, object[] values)\nConcatenates the", page, StringComparison.Ordinal);
        Assert.DoesNotContain("System.String.Join(", page, StringComparison.Ordinal);
    }

    private static DotnetDocsSource Docs(TemporaryFolder folder) => new(DotnetInstallation.FindReferencePacks([folder.Path]));

    private static string Page(string text) => $"""<doc><members><member name="T:N.T"><summary>{text}</summary></member></members></doc>""";
}
