using System.Reflection;
using System.Runtime.CompilerServices;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Graphs;
using Sema.Onnx.Training;

namespace Sema.Onnx;

/// <summary>What users can call is written down in PublicApi.txt, so that no change of it goes unseen.</summary>
[TestClass]
public sealed class PublicApiTests
{
    private const string Switch = "SEMA_WRITE_PUBLIC_API";

    private static string Golden => Path.Combine(Repository.Root, "tests", "Sema.Onnx.Tests", "PublicApi.txt");

    [TestMethod]
    public void The_public_members_are_those_written_down()
    {
        var now = string.Concat(new[] { typeof(InvalidModelException), typeof(CheckpointStore), typeof(Trainer) }.Select(t => Describe(t.Assembly)));
        if (Environment.GetEnvironmentVariable(Switch) == "1")
            File.WriteAllText(Golden, now);
        string[] known = File.ReadAllLines(Golden), ours = now.Split('\n')[..^1];
        var (gone, added) = (known.Except(ours).ToList(), ours.Except(known).ToList());
        Assert.IsTrue(known.SequenceEqual(ours),
            $"Gone: {string.Join("; ", gone)}\nNew: {string.Join("; ", added)}\nIf that is meant, run this test with {Switch}=1 and look at the difference.");
    }

    private static string Describe(Assembly assembly) => string.Concat(
        assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal).SelectMany(Describe).Prepend($"# {assembly.GetName().Name}").Append("").Select(line => line + "\n"));

    private static IEnumerable<string> Describe(Type type)
    {
        var bases = new[] { type.BaseType }.Where(b => b is not null && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum))
            .Concat(type.GetInterfaces().Where(i => i.IsPublic && !i.Name.StartsWith("IEquatable", StringComparison.Ordinal))).Select(b => Name(b!));
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsSealed ? "sealed class" : type.IsAbstract ? "abstract class" : "class";
        var list = string.Join(", ", bases.Order(StringComparer.Ordinal));
        yield return $"{kind} {type.Namespace}.{Name(type)}{(list.Length > 0 && !type.IsEnum ? $" : {list}" : "")}";
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var member in type.GetMembers(All).Select(Describe).OfType<string>().Order(StringComparer.Ordinal))
            yield return "    " + member;
    }

    private static string? Describe(MemberInfo member) => member switch
    {
        FieldInfo { IsPublic: true, IsSpecialName: false } f => $"{(f.IsLiteral ? "const " : "")}{f.Name}{(f.IsLiteral ? $" = {f.GetRawConstantValue()}" : $": {Name(f.FieldType)}")}",
        PropertyInfo p when Accessors(p) is { Count: > 0 } accessors => $"{Static(accessors[0])}{p.Name}: {Name(p.PropertyType)} {{ {string.Join(' ', accessors.Select(Accessor))} }}",
        ConstructorInfo c when IsSeen(c) => $"{Protected(c)}new({Parameters(c)})",
        MethodInfo m when IsSeen(m) && !IsAccessor(m) && !m.IsDefined(typeof(CompilerGeneratedAttribute)) =>
            $"{Protected(m)}{Static(m)}{(m.IsAbstract ? "abstract " : "")}{m.Name}{Generic(m)}({Parameters(m)}): {Name(m.ReturnType)}",
        EventInfo e => $"event {e.Name}: {Name(e.EventHandlerType!)}",
        _ => null,
    };

    // Protected members are seen where a type can be derived from.
    private static bool IsSeen(MethodBase m) => m.IsPublic || (m.IsFamily && !m.DeclaringType!.IsSealed && !m.IsDefined(typeof(CompilerGeneratedAttribute)));

    private static bool IsAccessor(MethodInfo m) => m.IsSpecialName && (m.Name.StartsWith("get_", StringComparison.Ordinal) || m.Name.StartsWith("set_", StringComparison.Ordinal));

    // The equality contract of records says nothing.
    private static List<MethodInfo> Accessors(PropertyInfo p) => p.Name == "EqualityContract" ? [] : [.. p.GetAccessors(nonPublic: true).Where(IsSeen)];

    private static string Accessor(MethodInfo m) => m.Name.StartsWith("get_", StringComparison.Ordinal) ? "get;"
        : m.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;";

    private static string Static(MethodBase m) => m.IsStatic ? "static " : "";

    private static string Protected(MethodBase m) => m.IsPublic ? "" : "protected ";

    private static string Generic(MethodInfo m) => m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase m) => string.Join(", ", m.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? $" = {p.DefaultValue ?? "null"}" : "")}"));

    private static string Name(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? Name(inner) + "?"
        : type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsByRef ? "ref " + Name(type.GetElementType()!)
        : type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{Plain(type)}" : Plain(type);

    private static string Plain(Type type) => type.IsGenericType && type.Name.Contains('`', StringComparison.Ordinal)
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
