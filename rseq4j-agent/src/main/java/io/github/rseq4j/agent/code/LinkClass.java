package io.github.rseq4j.agent.code;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.WrongMethodTypeException;
import org.jspecify.annotations.Nullable;

/** The class whose method links the call sites in instrumented classes. */
public final class LinkClass {
    /* How it works
     *
     * Instrumented classes name this class as their bootstrap method's. Each of them must find it: classes of the JDK,
     * of modules that read nothing, and of loaders that pass on only the packages java.* to their parents, as OSGi's
     * do. Only a class of a package of java.base that is exported serves them all. So the class is generated, and
     * defined in java.lang. It holds one word, the handle that does the work.
     */
    private static final ClassDesc NAME = ClassDesc.of("java.lang.Rseq4jLink");
    private static final String LINKER = "linker";
    private static final String LINK = "link";
    private static final MethodTypeDesc TYPE = MethodTypeDesc.of(ConstantDescs.CD_CallSite,
            ConstantDescs.CD_MethodHandles_Lookup, ConstantDescs.CD_String, ConstantDescs.CD_MethodType,
            ConstantDescs.CD_int);
    /** The bootstrap method of the call sites in instrumented classes. */
    static final DirectMethodHandleDesc BOOTSTRAP = MethodHandleDesc.ofMethod(DirectMethodHandleDesc.Kind.STATIC, NAME,
            LINK, TYPE);
    /** The type of the handle that links: a name, the type and the number of a site. */
    private static final MethodType LINKS = MethodType.methodType(CallSite.class, String.class, MethodType.class,
            int.class);

    private LinkClass() {}

    /**
     * Defines the class if this JVM does not have it, and lets a handle link from now on.
     *
     * @param javaLang a lookup of package java.lang with the right to define classes there
     * @param linker the handle, of type (String, MethodType, int)CallSite: the name, the type and the site of a call
     *     site. It must not throw
     * @throws WrongMethodTypeException if the handle has another type
     */
    public static void install(MethodHandles.Lookup javaLang, MethodHandle linker) {
        if (!linker.type().equals(LINKS)) {
            throw new WrongMethodTypeException("linker=" + linker.type() + ", must be " + LINKS);
        }
        try {
            Class<?> known = find();
            Class<?> link = known == null ? javaLang.defineClass(bytes()) : known;
            javaLang.findStaticVarHandle(link, LINKER, MethodHandle.class).setVolatile(linker);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("class " + NAME.displayName() + " cannot be defined in java.lang", e);
        }
    }

    private static @Nullable Class<?> find() {
        try {
            return Class.forName("java.lang." + NAME.displayName(), true, null);
        } catch (ClassNotFoundException _) {
            return null;
        }
    }

    private static byte[] bytes() {
        MethodTypeDesc call = MethodTypeDesc.of(ConstantDescs.CD_CallSite, ConstantDescs.CD_String,
                ConstantDescs.CD_MethodType, ConstantDescs.CD_int);
        return ClassFile.of().build(NAME, type -> type
                .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC | ClassFile.ACC_SUPER)
                .withField(LINKER, ConstantDescs.CD_MethodHandle, ClassFile.ACC_STATIC | ClassFile.ACC_VOLATILE)
                .withMethodBody(LINK, TYPE, ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, code -> code
                        .getstatic(NAME, LINKER, ConstantDescs.CD_MethodHandle)
                        .aload(1).aload(2).iload(3)
                        .invokevirtual(ConstantDescs.CD_MethodHandle, "invokeExact", call)
                        .areturn()));
    }
}
